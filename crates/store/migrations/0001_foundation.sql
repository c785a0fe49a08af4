-- One text for SQLite and PostgreSQL. {{key}} is the key of a table kept in key order,
-- {{narrow}} marks a table that is nothing but its key order, {{roomy}} one whose rows change by
-- whole pages: PostgreSQL leaves room beside each, so that a change touches no index.

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE parties (
    id {{key}},
    signifier TEXT NOT NULL UNIQUE,
    legal_name TEXT NOT NULL,
    category TEXT NOT NULL
        CHECK (category IN ('Large Supplier', 'Small Supplier', 'Electricity Network', 'Gas Network', 'Other SEC Party')),
    grouping TEXT NOT NULL,
    user_ids TEXT NOT NULL,
    service_user_reference TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('Active', 'Suspended', 'Withdrawn', 'InSolr')),
    may_hold_hubs BOOLEAN NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE users (
    id {{key}},
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Invited', 'Active', 'Deactivated')),
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE grants (
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT NOT NULL,
    role TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, organisation, role)
);

CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- Links that work once. An invitation grants its role when it is accepted, not before.
CREATE TABLE links (
    token_hash BYTEA PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'password', 'sign-in')),
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT,
    role TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    CHECK (purpose <> 'invitation' OR (organisation IS NOT NULL AND role IS NOT NULL))
);
CREATE INDEX links_user ON links (user_id);

CREATE TABLE tokens (
    id {{key}},
    token_hash BYTEA NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE throttles (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    window_from BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    user_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT,
    headers TEXT NOT NULL,
    answer BYTEA NOT NULL,
    journal_seq BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE journal (
    seq {{key}},
    at BIGINT NOT NULL,
    actor BIGINT,
    acted_for BIGINT,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    previous BYTEA NOT NULL,
    hash BYTEA NOT NULL
);
CREATE INDEX journal_subject ON journal (subject, seq);
CREATE INDEX journal_kind ON journal (kind, seq);

CREATE TABLE jobs (
    id {{key}},
    kind TEXT NOT NULL,
    subject BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'failed')),
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_by TEXT,
    lease_until BIGINT,
    progress BIGINT NOT NULL,
    total BIGINT NOT NULL,
    problem TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX jobs_open ON jobs (kind, subject) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_subject ON jobs (kind, subject, id);

CREATE TABLE files (
    id {{key}},
    sha256 BYTEA,
    size BIGINT NOT NULL,
    stored_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX files_sha256 ON files (sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE file_chunks (
    file BIGINT NOT NULL REFERENCES files (id),
    n BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (file, n)
);

CREATE TABLE models (
    id {{key}},
    manufacturer TEXT NOT NULL,
    model TEXT NOT NULL,
    hardware_version TEXT NOT NULL,
    firmware_version TEXT NOT NULL,
    chts_version TEXT NOT NULL,
    gbcs_version TEXT NOT NULL,
    han_variant TEXT NOT NULL,
    wan_variant TEXT NOT NULL,
    UNIQUE (manufacturer, model, hardware_version, firmware_version, chts_version, gbcs_version, han_variant, wan_variant)
);

CREATE TABLE pallets (
    id {{key}},
    pallet_id TEXT NOT NULL,
    consignment_no TEXT NOT NULL,
    UNIQUE (pallet_id, consignment_no)
);

-- A pack is what hubs that were delivered together have in common.
CREATE TABLE packs (
    id {{key}},
    fingerprint BYTEA NOT NULL UNIQUE,
    model BIGINT NOT NULL REFERENCES models (id),
    region TEXT NOT NULL,
    order_no TEXT NOT NULL,
    consignment_no TEXT NOT NULL,
    pallet BIGINT NOT NULL REFERENCES pallets (id),
    box_id TEXT NOT NULL,
    delivered_on TEXT NOT NULL,
    accepted_on TEXT NOT NULL,
    location TEXT NOT NULL,
    delivered_to BIGINT NOT NULL REFERENCES parties (id),
    installation_end TEXT NOT NULL,
    is_test BOOLEAN NOT NULL
);
CREATE INDEX packs_pallet ON packs (pallet);
CREATE INDEX packs_consignment ON packs (consignment_no);
CREATE INDEX packs_order ON packs (order_no);
CREATE INDEX packs_box ON packs (box_id);

CREATE TABLE hubs (
    id {{key}},
    gpf BIGINT NOT NULL,
    pack INTEGER NOT NULL,
    party INTEGER NOT NULL,
    status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 9),
    status_at BIGINT NOT NULL,
    installed_at BIGINT,
    last_move INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    quarantined BOOLEAN NOT NULL
){{roomy}};
CREATE UNIQUE INDEX hubs_gpf ON hubs (gpf);
CREATE INDEX hubs_pack ON hubs (pack);

CREATE TABLE moves (
    id {{key}},
    at BIGINT NOT NULL,
    transfer_file BIGINT,
    import BIGINT,
    hubs BIGINT NOT NULL
);

CREATE TABLE party_moves (
    move INTEGER NOT NULL,
    hub BIGINT NOT NULL,
    from_party INTEGER NOT NULL,
    to_party INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    PRIMARY KEY (move, hub)
){{narrow}};

CREATE TABLE changes (
    id {{key}},
    at BIGINT NOT NULL,
    import BIGINT NOT NULL,
    hubs BIGINT NOT NULL
);

CREATE TABLE status_changes (
    change INTEGER NOT NULL,
    hub BIGINT NOT NULL,
    from_status INTEGER NOT NULL,
    from_at BIGINT NOT NULL,
    to_status INTEGER NOT NULL,
    to_at BIGINT NOT NULL,
    previous INTEGER NOT NULL,
    PRIMARY KEY (change, hub)
){{narrow}};

-- Kept counts: pages that count read these, `verify` checks them against a scan.
CREATE TABLE stock (
    party INTEGER NOT NULL,
    model INTEGER NOT NULL,
    region TEXT NOT NULL,
    status INTEGER NOT NULL,
    hubs BIGINT NOT NULL CHECK (hubs >= 0),
    PRIMARY KEY (party, model, region, status)
){{narrow}};

CREATE TABLE pallet_stock (
    party INTEGER NOT NULL,
    pallet INTEGER NOT NULL,
    status INTEGER NOT NULL,
    hubs BIGINT NOT NULL CHECK (hubs >= 0),
    PRIMARY KEY (party, pallet, status)
){{narrow}};
CREATE INDEX pallet_stock_pallet ON pallet_stock (pallet);
CREATE INDEX pallet_stock_status ON pallet_stock (status, pallet);

CREATE TABLE imports (
    id {{key}},
    kind TEXT NOT NULL CHECK (kind IN ('parties', 'deliveries', 'statuses', 'snapshot')),
    name TEXT NOT NULL,
    file BIGINT NOT NULL REFERENCES files (id),
    state TEXT NOT NULL CHECK (state IN
        ('Received', 'Loading', 'Loaded', 'Refused', 'Compared', 'Authorised', 'Rejected')),
    lines_done BIGINT NOT NULL,
    next_offset BIGINT NOT NULL,
    next_line BIGINT NOT NULL,
    counts TEXT NOT NULL,
    refusal TEXT,
    submitted_by BIGINT NOT NULL REFERENCES users (id),
    decided_by BIGINT REFERENCES users (id),
    reason TEXT,
    received_at BIGINT NOT NULL,
    finished_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (kind, file),
    CHECK (decided_by IS NULL OR decided_by <> submitted_by)
);
CREATE INDEX imports_received ON imports (kind, id);

CREATE TABLE import_answers (
    import BIGINT NOT NULL REFERENCES imports (id),
    stage TEXT NOT NULL CHECK (stage IN ('compared', 'loaded')),
    part BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (import, stage, part)
);

-- The lines of a snapshot that are about the same device as an earlier one, eight bytes each.
CREATE TABLE import_repeats (
    import BIGINT PRIMARY KEY REFERENCES imports (id),
    bytes BYTEA NOT NULL
);

CREATE TABLE transfer_files (
    id {{key}},
    name TEXT NOT NULL,
    file BIGINT NOT NULL REFERENCES files (id),
    file_id TEXT UNIQUE,
    profile TEXT NOT NULL CHECK (profile IN ('unknown', 'minimal', 'controlled')),
    all_or_nothing BOOLEAN NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Received', 'Validated', 'FailedValidation', 'Authorised',
        'Applied', 'PartApplied', 'Failed', 'Withdrawn', 'Rejected')),
    reference TEXT NOT NULL,
    from_reference TEXT NOT NULL,
    to_reference TEXT NOT NULL,
    lines BIGINT NOT NULL,
    summary TEXT,
    result TEXT,
    refusal TEXT,
    first_answer BIGINT REFERENCES transfer_files (id),
    preparer BIGINT NOT NULL REFERENCES users (id),
    authoriser BIGINT REFERENCES users (id),
    reason TEXT,
    received_at BIGINT NOT NULL,
    validated_at BIGINT,
    decided_at BIGINT,
    applied_at BIGINT,
    move INTEGER,
    response_file BIGINT REFERENCES files (id),
    version BIGINT NOT NULL,
    CHECK (authoriser IS NULL OR authoriser <> preparer)
);
CREATE INDEX transfer_files_state ON transfer_files (state, id);
-- The same content is one file, but what was refused whole may come again under another name.
CREATE UNIQUE INDEX transfer_files_content ON transfer_files (file) WHERE state <> 'FailedValidation';
CREATE UNIQUE INDEX transfer_files_name_and_content ON transfer_files (file, name);

-- Controlled files that were made here; the number is the sequence in the name.
CREATE TABLE generated_files (
    id {{key}},
    name TEXT NOT NULL UNIQUE,
    file BIGINT NOT NULL REFERENCES files (id),
    hubs BIGINT NOT NULL,
    made_by BIGINT NOT NULL REFERENCES users (id),
    made_at BIGINT NOT NULL
);

-- What each line came to, about 16 bytes a line, at validation and when applied: some lines in each
-- part, and how many of them came to what. A part's own text begins at byte text_from of the file;
-- of a workbook, whose text is made, it is kept here at validation.
CREATE TABLE transfer_file_outcomes (
    transfer_file BIGINT NOT NULL REFERENCES transfer_files (id),
    stage TEXT NOT NULL CHECK (stage IN ('validated', 'applied')),
    part BIGINT NOT NULL,
    text_from BIGINT NOT NULL,
    counts BYTEA NOT NULL,
    bytes BYTEA NOT NULL,
    csv BYTEA,
    PRIMARY KEY (transfer_file, stage, part)
);

-- Hubs that were installed before their transfer file was processed: DCC finance settles each.
CREATE TABLE installed_before (
    id {{key}},
    transfer_file BIGINT NOT NULL REFERENCES transfer_files (id),
    line BIGINT NOT NULL,
    hub BIGINT NOT NULL,
    status INTEGER NOT NULL,
    status_at BIGINT NOT NULL,
    from_party INTEGER NOT NULL,
    to_party INTEGER NOT NULL,
    noted_at BIGINT NOT NULL,
    settled_at BIGINT,
    settled_by BIGINT REFERENCES users (id),
    note TEXT,
    UNIQUE (transfer_file, line)
);
CREATE INDEX installed_before_open ON installed_before (id) WHERE settled_at IS NULL;

CREATE TABLE report_runs (
    id {{key}},
    format TEXT NOT NULL CHECK (format IN ('csv', 'xlsx', 'parquet')),
    requested_by BIGINT REFERENCES users (id),
    requested_at BIGINT NOT NULL,
    due_at BIGINT,
    state TEXT NOT NULL CHECK (state IN ('Waiting', 'Done', 'Failed')),
    generated_at BIGINT,
    journal_seq BIGINT,
    hubs BIGINT,
    size BIGINT,
    sha256 BYTEA,
    file_name TEXT,
    problem TEXT,
    UNIQUE (due_at, format)
);
