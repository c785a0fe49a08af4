-- Bank holidays of England and Wales, which the DCC edits.
CREATE TABLE holidays (
    day TEXT PRIMARY KEY,
    name TEXT NOT NULL
);

-- What must have happened by when. Once set, a deadline is not computed again.
CREATE TABLE deadlines (
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    PRIMARY KEY (subject, what)
);
CREATE INDEX deadlines_due ON deadlines (due_at) WHERE settled_at IS NULL;
