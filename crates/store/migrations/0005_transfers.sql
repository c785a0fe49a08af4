-- A transfer of stock from one Party to another.
CREATE TABLE transfers (
    id {{key}},
    kind TEXT NOT NULL CHECK (kind IN ('selected', 'direct', 'reversal')),
    offer BIGINT,
    request BIGINT,
    run BIGINT,
    reverses BIGINT REFERENCES transfers (id),
    sender BIGINT NOT NULL REFERENCES parties (id),
    receiver BIGINT NOT NULL REFERENCES parties (id),
    manufacturer TEXT NOT NULL,
    model TEXT NOT NULL,
    han_variant TEXT NOT NULL,
    wan_variant TEXT NOT NULL,
    region TEXT NOT NULL,
    -- The agreed firmware versions, a line for each; empty for any.
    firmware TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    notes TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Agreed', 'Confirmed', 'Dispatched', 'Arrived', 'Reconciled',
        'Completing', 'Completed', 'CompletedWithExceptions', 'Cancelled', 'OnHold', 'Lapsed')),
    held_from TEXT,
    agreed_at BIGINT NOT NULL,
    agreed_by BIGINT REFERENCES users (id),
    sender_confirmed_at BIGINT,
    sender_confirmed_by BIGINT REFERENCES users (id),
    receiver_confirmed_at BIGINT,
    receiver_confirmed_by BIGINT REFERENCES users (id),
    dispatched_at BIGINT,
    dispatched_by BIGINT REFERENCES users (id),
    dispatched_on TEXT,
    carrier TEXT,
    consignment_note TEXT,
    seals TEXT,
    manifest BIGINT REFERENCES files (id),
    arrived_at BIGINT,
    arrived_by BIGINT REFERENCES users (id),
    arrived_on TEXT,
    condition TEXT CHECK (condition IN ('good', 'damaged', 'seals-broken', 'incomplete')),
    condition_note TEXT,
    received_at BIGINT,
    received_by BIGINT REFERENCES users (id),
    receipt BIGINT REFERENCES files (id),
    -- The transfer file that is under way, or was the last.
    transfer_file BIGINT REFERENCES transfer_files (id),
    -- How many lines are in which state.
    dispatched BIGINT NOT NULL,
    ready BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    dropped BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT,
    version BIGINT NOT NULL,
    CHECK (sender <> receiver),
    -- The two confirmations are those of two people.
    CHECK (sender_confirmed_by IS NULL OR receiver_confirmed_by IS NULL
        OR sender_confirmed_by <> receiver_confirmed_by),
    CHECK ((state = 'OnHold') = (held_from IS NOT NULL)),
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CHECK ((kind = 'selected') = (offer IS NOT NULL)),
    CHECK (dispatched + ready + waiting + moved + dropped >= 0)
);
CREATE INDEX transfers_sender ON transfers (sender, id);
CREATE INDEX transfers_receiver ON transfers (receiver, id);
CREATE INDEX transfers_state ON transfers (state, id);
CREATE INDEX transfers_offer ON transfers (offer) WHERE offer IS NOT NULL;
CREATE INDEX transfers_file ON transfers (transfer_file) WHERE transfer_file IS NOT NULL;
CREATE INDEX transfers_open ON transfers (id) WHERE dispatched + ready + waiting > 0;
-- An allocation becomes one transfer.
CREATE UNIQUE INDEX transfers_allocation ON transfers (run, request) WHERE run IS NOT NULL;

-- Every hub that was dispatched or that the receiver's list names. A hub that may still move in a
-- transfer stands in held_hubs as well.
CREATE TABLE transfer_hubs (
    transfer BIGINT NOT NULL REFERENCES transfers (id),
    hub BIGINT NOT NULL,
    state BIGINT NOT NULL CHECK (state BETWEEN 1 AND 5),
    outcome BIGINT NOT NULL CHECK (outcome BETWEEN 0 AND 10),
    reason BIGINT NOT NULL CHECK (reason BETWEEN 0 AND 10),
    correction BIGINT NOT NULL CHECK (correction BETWEEN 0 AND 5),
    -- What the last transfer file said of it; empty before.
    code TEXT NOT NULL,
    accepted_at BIGINT,
    closed_at BIGINT,
    PRIMARY KEY (transfer, hub),
    CHECK (outcome <> 3 OR state IN (3, 5))
){{narrow}};
CREATE INDEX transfer_hubs_hub ON transfer_hubs (hub);
CREATE INDEX transfer_hubs_waiting ON transfer_hubs (transfer, hub) WHERE state = 3;

-- Lists that are being built, before dispatch or receipt is declared.
CREATE TABLE transfer_lists (
    transfer BIGINT NOT NULL REFERENCES transfers (id),
    side TEXT NOT NULL CHECK (side IN ('sender', 'receiver')),
    hub BIGINT NOT NULL,
    -- Why the receiver turns it down; 0 when it is accepted.
    reason BIGINT NOT NULL CHECK (reason BETWEEN 0 AND 10),
    times BIGINT NOT NULL CHECK (times >= 1),
    added_by BIGINT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (transfer, side, hub)
){{narrow}};
