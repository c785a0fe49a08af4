-- How far a reader of the journal, or a schedule, has come; and when a server that is away is tried again.
CREATE TABLE places (
    name TEXT PRIMARY KEY,
    place BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    problem TEXT
);

-- What happened before there were notices is told to nobody.
INSERT INTO places (name, place, failures) SELECT 'journal', coalesce(max(seq), 0), 0 FROM journal;

-- How a person wants to be told of a kind of thing; who has not chosen is told as is usual.
CREATE TABLE notification_choices (
    user_id BIGINT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    delivery TEXT NOT NULL CHECK (delivery IN ('now', 'digest', 'off')),
    PRIMARY KEY (user_id, kind)
);

-- An e-mail and what became of it. Its words never change; `secret` stands in the place of {secret} in
-- them and is forgotten once it is sent.
CREATE TABLE messages (
    id {{key}},
    entry BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    address TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT NOT NULL,
    content_hash BYTEA NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    secret TEXT,
    unsubscribe BYTEA UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('Waiting', 'Sent', 'Shown', 'Refused', 'GivenUp', 'Cancelled')),
    attempts BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    claimed_until BIGINT,
    ended_at BIGINT,
    answer TEXT,
    UNIQUE (entry, user_id, kind, about)
);
CREATE INDEX messages_waiting ON messages (id) WHERE state = 'Waiting';
CREATE INDEX messages_state ON messages (state, id);
CREATE INDEX messages_user ON messages (user_id, id);

-- What a person is told in the portal. `digest` is NULL where it is in no digest, 0 while it waits for
-- one, and then the number of that e-mail.
CREATE TABLE notices (
    id {{key}},
    entry BIGINT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    path TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    read_at BIGINT,
    digest BIGINT,
    UNIQUE (entry, user_id, kind, about)
);
CREATE INDEX notices_user ON notices (user_id, id);
CREATE INDEX notices_unread ON notices (user_id) WHERE read_at IS NULL;
CREATE INDEX notices_digest ON notices (user_id, id) WHERE digest = 0;
