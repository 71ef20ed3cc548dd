// Feeds, runs and reviews of loaders are found by their keys; one run at a time holds a feed.
CREATE CONSTRAINT feed_key IF NOT EXISTS FOR (n:Feed) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT run_key IF NOT EXISTS FOR (n:Run) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT review_key IF NOT EXISTS FOR (n:Review) REQUIRE n.key IS UNIQUE;
CREATE INDEX run_source IF NOT EXISTS FOR (n:Run) ON (n.source);
