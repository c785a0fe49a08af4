-- The stable word for why a transfer file was refused whole.
ALTER TABLE transfer_files ADD COLUMN refusal_word TEXT;

-- What a dry run answered line by line, for whoever asked. Its file is never finished, so that it
-- is tidied away as a broken-off upload is.
CREATE TABLE dry_runs (
    file BIGINT PRIMARY KEY REFERENCES files (id),
    person BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL
);
