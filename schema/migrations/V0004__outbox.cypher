// What is to be told to other systems, and what they keep of our tickets; both are found by channel.
CREATE CONSTRAINT outgoing_key IF NOT EXISTS FOR (n:Outgoing) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT remote_key IF NOT EXISTS FOR (n:Remote) REQUIRE n.key IS UNIQUE;
CREATE INDEX outgoing_channel IF NOT EXISTS FOR (n:Outgoing) ON (n.channel);
CREATE INDEX remote_channel IF NOT EXISTS FOR (n:Remote) ON (n.channel);
