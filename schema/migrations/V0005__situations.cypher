// A situation has one number for good, and readers ask for what is newer than their revision.
CREATE CONSTRAINT situation_key IF NOT EXISTS FOR (n:Situation) REQUIRE n.key IS UNIQUE;
CREATE INDEX situation_revision IF NOT EXISTS FOR (n:Situation) ON (n.revision);
