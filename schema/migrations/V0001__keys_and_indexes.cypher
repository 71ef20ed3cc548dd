// Every record kind that is a node has a unique key; MERGE alone would double nodes under load.
CREATE CONSTRAINT configuration_item_key IF NOT EXISTS FOR (n:ConfigurationItem) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT event_key IF NOT EXISTS FOR (n:Event) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT change_key IF NOT EXISTS FOR (n:Change) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT ticket_key IF NOT EXISTS FOR (n:Ticket) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT party_key IF NOT EXISTS FOR (n:Party) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT window_key IF NOT EXISTS FOR (n:Window) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT version_key IF NOT EXISTS FOR (n:Version) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT counter_name IF NOT EXISTS FOR (n:Counter) REQUIRE n.name IS UNIQUE;
// Readers ask for what is newer than their revision by equality over a range of numbers.
CREATE INDEX configuration_item_revision IF NOT EXISTS FOR (n:ConfigurationItem) ON (n.revision);
CREATE INDEX event_revision IF NOT EXISTS FOR (n:Event) ON (n.revision);
CREATE INDEX change_revision IF NOT EXISTS FOR (n:Change) ON (n.revision);
CREATE INDEX ticket_revision IF NOT EXISTS FOR (n:Ticket) ON (n.revision);
CREATE INDEX party_revision IF NOT EXISTS FOR (n:Party) ON (n.revision);
CREATE INDEX window_revision IF NOT EXISTS FOR (n:Window) ON (n.revision);
// Whole-graph reads go bucket by bucket, pages of time-stamped records day by day.
CREATE INDEX configuration_item_bucket IF NOT EXISTS FOR (n:ConfigurationItem) ON (n.bucket);
CREATE INDEX event_day IF NOT EXISTS FOR (n:Event) ON (n.day);
CREATE INDEX change_day IF NOT EXISTS FOR (n:Change) ON (n.day);
CREATE INDEX ticket_day IF NOT EXISTS FOR (n:Ticket) ON (n.day);
CREATE INDEX event_state IF NOT EXISTS FOR (n:Event) ON (n.state);
CREATE INDEX ticket_cause IF NOT EXISTS FOR (n:Ticket) ON (n.cause_key);
CREATE INDEX version_record IF NOT EXISTS FOR (n:Version) ON (n.record_key);
// The one counter that numbers write transactions.
MERGE (c:Counter {name: 'revision'}) ON CREATE SET c.value = 0;
