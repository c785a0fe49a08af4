-- A deadline that has passed stays open until it is met; when its passing was dealt with is kept beside.
ALTER TABLE deadlines ADD COLUMN told_at BIGINT;
CREATE INDEX deadlines_untold ON deadlines (due_at) WHERE settled_at IS NULL AND told_at IS NULL;

-- How often a list that is being built has changed, so that nobody declares one that they have not seen.
CREATE TABLE transfer_list_changes (
    transfer BIGINT NOT NULL REFERENCES transfers (id),
    side TEXT NOT NULL CHECK (side IN ('sender', 'receiver')),
    changes BIGINT NOT NULL,
    PRIMARY KEY (transfer, side)
);
