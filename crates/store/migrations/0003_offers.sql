-- Offers and requests. {{key}} is the key of a table kept in key order.

CREATE TABLE offers (
    id {{key}},
    party BIGINT NOT NULL REFERENCES parties (id),
    state TEXT NOT NULL CHECK (state IN ('Draft', 'Submitted', 'Published', 'PartAllocated',
        'FullyAllocated', 'Closed', 'Withdrawn', 'Expired', 'Suspended')),
    manufacturer TEXT NOT NULL,
    model TEXT NOT NULL,
    han_variant TEXT NOT NULL,
    wan_variant TEXT NOT NULL,
    region TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    allocated BIGINT NOT NULL CHECK (allocated >= 0 AND allocated <= quantity),
    minimum_lot BIGINT NOT NULL CHECK (minimum_lot > 0 AND minimum_lot <= quantity),
    full_pallets BOOLEAN NOT NULL,
    packaging TEXT NOT NULL,
    location TEXT NOT NULL,
    carriage TEXT NOT NULL CHECK (carriage IN ('Sender', 'Receiver', 'ToBeAgreed')),
    notes TEXT NOT NULL,
    available_from TEXT NOT NULL,
    available_until TEXT NOT NULL,
    closes_on TEXT NOT NULL,
    lists_ids BOOLEAN NOT NULL,
    ids_file BIGINT REFERENCES files (id),
    closes_at BIGINT,
    requests_closed_at BIGINT,
    expires_at BIGINT,
    policy BIGINT,
    reason TEXT,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    submitted_at BIGINT,
    published_at BIGINT,
    version BIGINT NOT NULL,
    CHECK (lists_ids = (ids_file IS NOT NULL))
);
CREATE INDEX offers_party ON offers (party, id);
CREATE INDEX offers_state ON offers (state, id);

-- How many hubs of which firmware an offer has; no rows: any.
CREATE TABLE offer_firmware (
    offer BIGINT NOT NULL REFERENCES offers (id),
    firmware_version TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (offer, firmware_version)
);

-- A hub is in at most one open transfer or offer that lists its IDs: the key says so.
CREATE TABLE held_hubs (
    hub {{key}},
    offer BIGINT REFERENCES offers (id),
    transfer BIGINT,
    party BIGINT NOT NULL,
    CHECK ((offer IS NULL) <> (transfer IS NULL))
);
CREATE INDEX held_hubs_offer ON held_hubs (offer) WHERE offer IS NOT NULL;
CREATE INDEX held_hubs_transfer ON held_hubs (transfer) WHERE transfer IS NOT NULL;
CREATE INDEX held_hubs_party ON held_hubs (party) WHERE transfer IS NOT NULL;

CREATE TABLE requests (
    id {{key}},
    party BIGINT NOT NULL REFERENCES parties (id),
    offer BIGINT REFERENCES offers (id),
    state TEXT NOT NULL CHECK (state IN ('Draft', 'Submitted', 'Queued', 'Allocated',
        'PartAllocated', 'Declined', 'Withdrawn', 'Lapsed')),
    manufacturer TEXT NOT NULL,
    model TEXT NOT NULL,
    han_variant TEXT NOT NULL,
    wan_variant TEXT NOT NULL,
    region TEXT NOT NULL,
    quantity BIGINT NOT NULL CHECK (quantity > 0),
    minimum BIGINT NOT NULL CHECK (minimum > 0 AND minimum <= quantity),
    needed_by TEXT NOT NULL,
    location TEXT NOT NULL,
    notes TEXT NOT NULL,
    received_at BIGINT,
    received_seq BIGINT,
    allocated BIGINT NOT NULL CHECK (allocated >= 0 AND allocated <= quantity),
    reason TEXT,
    created_by BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (state <> 'Queued' OR (offer IS NOT NULL AND received_at IS NOT NULL))
);
CREATE INDEX requests_party ON requests (party, id);
CREATE INDEX requests_offer ON requests (offer, state);
CREATE INDEX requests_wanted ON requests (state, id) WHERE offer IS NULL;
-- One Party stands once in the queue of an offer.
CREATE UNIQUE INDEX requests_queued ON requests (offer, party) WHERE state = 'Queued';

-- Which stock may stand in for which. Equal things match; a pair that is not here never does.
CREATE TABLE interchangeability (
    dimension TEXT NOT NULL CHECK (dimension IN ('region', 'han-variant', 'wan-variant')),
    offered TEXT NOT NULL,
    wanted TEXT NOT NULL,
    rule TEXT NOT NULL CHECK (rule IN ('allow', 'warn', 'never')),
    PRIMARY KEY (dimension, offered, wanted)
);

-- The last day on which hubs of a CHTS version may be installed.
CREATE TABLE installation_ends (
    chts_version TEXT PRIMARY KEY,
    ends_on TEXT NOT NULL
);

CREATE TABLE saved_filters (
    id {{key}},
    owner BIGINT NOT NULL REFERENCES users (id),
    organisation BIGINT NOT NULL,
    name TEXT NOT NULL,
    filter TEXT NOT NULL,
    notifies BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (owner, organisation, name)
);
CREATE INDEX saved_filters_notifying ON saved_filters (id) WHERE notifies;

-- Wanted requests that a published offer can serve; both sides were told.
CREATE TABLE wanted_matches (
    offer BIGINT NOT NULL REFERENCES offers (id),
    request BIGINT NOT NULL REFERENCES requests (id),
    warning TEXT NOT NULL,
    matched_at BIGINT NOT NULL,
    PRIMARY KEY (offer, request)
);
CREATE INDEX wanted_matches_request ON wanted_matches (request);

-- What a pallet holds is read from the first and the last of its packs in this order.
DROP INDEX packs_pallet;
CREATE INDEX packs_pallet ON packs (pallet, model, region, installation_end, is_test);
-- Only the mark is in it, so that a move leaves it alone.
CREATE INDEX hubs_quarantined ON hubs (pack) WHERE quarantined;

INSERT INTO interchangeability (dimension, offered, wanted, rule) VALUES
    ('region', 'Central', 'South', 'warn'),
    ('region', 'South', 'Central', 'warn'),
    ('region', 'North', 'Central', 'never'),
    ('region', 'North', 'South', 'never'),
    ('region', 'Central', 'North', 'never'),
    ('region', 'South', 'North', 'never'),
    ('region', '4G North', '4G Central', 'warn'),
    ('region', '4G North', '4G South', 'warn'),
    ('region', '4G Central', '4G North', 'warn'),
    ('region', '4G Central', '4G South', 'warn'),
    ('region', '4G South', '4G North', 'warn'),
    ('region', '4G South', '4G Central', 'warn'),
    ('region', 'North', '4G North', 'never'),
    ('region', 'Central', '4G Central', 'never'),
    ('region', 'South', '4G South', 'never'),
    ('region', '4G North', 'North', 'never'),
    ('region', '4G Central', 'Central', 'never'),
    ('region', '4G South', 'South', 'never');
