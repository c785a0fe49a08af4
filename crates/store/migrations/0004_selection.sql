-- Selection: versions of the policy, runs with their lines, commitments to lotteries' secrets.

CREATE TABLE policies (
    id {{key}},
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- One step a line.
    steps TEXT NOT NULL,
    -- The steps' rules in words, as they were published; empty before.
    rules TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Draft', 'Published', 'Withdrawn')),
    approval TEXT,
    in_force_from BIGINT,
    drafted_by BIGINT REFERENCES users (id),
    drafted_at BIGINT NOT NULL,
    published_by BIGINT REFERENCES users (id),
    published_at BIGINT,
    reason TEXT,
    version BIGINT NOT NULL,
    CHECK (state <> 'Published'
        OR (rules <> '' AND approval <> '' AND in_force_from >= published_at))
);

-- What is in force from the start.
INSERT INTO policies (id, title, text, steps, rules, state, approval, in_force_from, drafted_at,
    published_at, version)
VALUES (1, 'First come, first served', 'Until another version is published and its notice has passed, whoever asks first for what is offered is served first.', 'first-come', 'The hubs of one offer that are not allocated yet are given to the requests for it. A request of a Party that is not active, or may not hold hubs, when selection is run is given nothing and takes no part.

To begin with, all requests are of one rank. A priority step divides each rank into ranks, and the order of ranks that earlier steps made stays.

Step 1. First come, first served. Within each rank the request that was received earlier comes first; of two that were received in the same instant, to the microsecond, the one with the lower sequence number, which is its place in the journal.

Giving and rounding. Hubs are whole. Where the steps share nothing, the requests have their turn one after another, by rank and in their order within it, and what one leaves is there for the next. In its turn a request is given all that it asked for, if so many are left; otherwise the hubs that are left rounded down to whole lots, a lot being the offer''s minimum lot. If that is fewer than it accepts, it is given nothing. A request accepts no fewer hubs than its minimum, and no fewer than one lot or, if that is less, all that it asked for. Nothing else is rounded.
', 'Published',
    'In force since the service began', 0, 0, 0, 1);

CREATE TABLE allocation_runs (
    id {{key}},
    offer BIGINT NOT NULL REFERENCES offers (id),
    policy BIGINT NOT NULL REFERENCES policies (id),
    -- The run before this one over the same offer, when something that it gave came free.
    previous BIGINT REFERENCES allocation_runs (id),
    available BIGINT NOT NULL CHECK (available >= 0),
    given BIGINT NOT NULL CHECK (given >= 0 AND given <= available),
    requests BIGINT NOT NULL,
    ran_at BIGINT NOT NULL,
    ran_by BIGINT REFERENCES users (id),
    -- The published record: everything that the result was worked out from, and the result.
    record BIGINT NOT NULL REFERENCES files (id)
);
CREATE INDEX allocation_runs_offer ON allocation_runs (offer, id);

CREATE TABLE allocation_lines (
    run BIGINT NOT NULL REFERENCES allocation_runs (id),
    request BIGINT NOT NULL REFERENCES requests (id),
    party BIGINT NOT NULL REFERENCES parties (id),
    place BIGINT NOT NULL CHECK (place > 0),
    received_at BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    minimum BIGINT NOT NULL,
    given BIGINT NOT NULL CHECK (given >= 0 AND given <= asked AND (given = 0 OR given >= minimum)),
    reason TEXT NOT NULL,
    PRIMARY KEY (run, request)
);
CREATE INDEX allocation_lines_party ON allocation_lines (party, run);
CREATE INDEX allocation_lines_request ON allocation_lines (request, run);

-- The secret of a lottery is kept back until selection is run; its commitment is published.
CREATE TABLE lottery_commitments (
    offer {{key}},
    commitment BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    committed_at BIGINT NOT NULL
);
