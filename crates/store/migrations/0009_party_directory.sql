-- Whom to contact at a Party, for what.
CREATE TABLE party_contacts (
    id {{key}},
    party BIGINT NOT NULL REFERENCES parties (id),
    purpose TEXT NOT NULL
        CHECK (purpose IN ('stock', 'warehouse', 'finance', 'disputes', 'general')),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    telephone TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX party_contacts_party ON party_contacts (party);

-- Where hubs are delivered to.
CREATE TABLE delivery_locations (
    id {{key}},
    party BIGINT NOT NULL REFERENCES parties (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    region TEXT NOT NULL,
    notes TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX delivery_locations_party ON delivery_locations (party);
