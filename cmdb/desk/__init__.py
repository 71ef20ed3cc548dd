"""Pure desk rules: event fold, own state, situations, ticket life, access."""
