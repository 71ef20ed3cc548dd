// Which of the servers of a store runs its background duties is told by one node; two would be two owners.
CREATE CONSTRAINT lease_name IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE;
