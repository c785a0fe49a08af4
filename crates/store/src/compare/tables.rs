//! What is compared, what is not, and why.

/// A table that the journal rebuilds.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns of its key, in their order.
    pub key: &'static [&'static str],
    /// The other columns that are compared.
    pub columns: &'static [&'static str],
    /// Those of them that hold the number of a stored file.
    pub files: &'static [&'static str],
    /// Columns that are not compared: secrets, which the journal does not hold.
    pub secret: &'static [&'static str],
}

const fn table(
    name: &'static str,
    key: &'static [&'static str],
    columns: &'static [&'static str],
) -> Table {
    Table { name, key, columns, files: &[], secret: &[] }
}

const fn with_files(table: Table, files: &'static [&'static str]) -> Table {
    Table { files, ..table }
}

const fn with_secret(table: Table, secret: &'static [&'static str]) -> Table {
    Table { secret, ..table }
}

/// Every table that is compared.
pub const TABLES: &[Table] = &[
    table("settings", &["name"], &["value", "version"]),
    table("holidays", &["day"], &["name"]),
    table("deadlines", &["subject", "what"], &["due_at", "settled_at"]),
    table(
        "parties",
        &["id"],
        &[
            "signifier",
            "legal_name",
            "category",
            "grouping",
            "user_ids",
            "service_user_reference",
            "status",
            "may_hold_hubs",
            "version",
        ],
    ),
    with_secret(
        table("users", &["id"], &["email", "name", "state", "created_at", "version"]),
        &["password_hash"],
    ),
    table("grants", &["user_id", "organisation", "role"], &["granted_at"]),
    with_secret(
        table(
            "tokens",
            &["id"],
            &["user_id", "organisation", "name", "scope", "created_at", "expires_at", "revoked_at"],
        ),
        &["token_hash"],
    ),
    table(
        "models",
        &["id"],
        &[
            "manufacturer",
            "model",
            "hardware_version",
            "firmware_version",
            "chts_version",
            "gbcs_version",
            "han_variant",
            "wan_variant",
        ],
    ),
    table("pallets", &["id"], &["pallet_id", "consignment_no"]),
    table(
        "packs",
        &["id"],
        &[
            "fingerprint",
            "model",
            "region",
            "order_no",
            "consignment_no",
            "pallet",
            "box_id",
            "delivered_on",
            "accepted_on",
            "location",
            "delivered_to",
            "installation_end",
            "is_test",
        ],
    ),
    table(
        "hubs",
        &["id"],
        &[
            "gpf",
            "pack",
            "party",
            "status",
            "status_at",
            "installed_at",
            "last_move",
            "last_change",
            "quarantined",
        ],
    ),
    table("moves", &["id"], &["at", "transfer_file", "import", "hubs"]),
    table("party_moves", &["move", "hub"], &["from_party", "to_party", "previous"]),
    table("changes", &["id"], &["at", "import", "hubs"]),
    table(
        "status_changes",
        &["change", "hub"],
        &["from_status", "from_at", "to_status", "to_at", "previous"],
    ),
    table("stock", &["party", "model", "region", "status"], &["hubs"]),
    table("pallet_stock", &["party", "pallet", "status"], &["hubs"]),
    with_files(
        table(
            "imports",
            &["id"],
            &[
                "kind",
                "name",
                "file",
                "state",
                "lines_done",
                "next_offset",
                "next_line",
                "counts",
                "refusal",
                "submitted_by",
                "decided_by",
                "reason",
                "received_at",
                "finished_at",
                "version",
            ],
        ),
        &["file"],
    ),
    table("import_answers", &["import", "stage", "part"], &["bytes"]),
    with_files(
        table(
            "transfer_files",
            &["id"],
            &[
                "name",
                "file",
                "file_id",
                "profile",
                "all_or_nothing",
                "state",
                "reference",
                "from_reference",
                "to_reference",
                "lines",
                "summary",
                "result",
                "refusal",
                "first_answer",
                "preparer",
                "authoriser",
                "reason",
                "received_at",
                "validated_at",
                "decided_at",
                "applied_at",
                "move",
                "response_file",
                "version",
            ],
        ),
        &["file", "response_file"],
    ),
    with_files(
        table("generated_files", &["id"], &["name", "file", "hubs", "made_by", "made_at"]),
        &["file"],
    ),
    table("transfer_file_outcomes", &["transfer_file", "stage"], &["bytes"]),
    table(
        "installed_before",
        &["id"],
        &[
            "transfer_file",
            "line",
            "hub",
            "status",
            "status_at",
            "from_party",
            "to_party",
            "noted_at",
            "settled_at",
            "settled_by",
            "note",
        ],
    ),
    table(
        "report_runs",
        &["id"],
        &[
            "format",
            "requested_by",
            "requested_at",
            "due_at",
            "state",
            "generated_at",
            "journal_seq",
            "hubs",
            "size",
            "sha256",
            "file_name",
            "problem",
        ],
    ),
];

/// Tables that the journal does not rebuild, and why.
pub const NOT_REBUILT: &[(&str, &str)] = &[
    ("migrations", "the program's own record of its schema"),
    ("journal", "it is the source; its chain is checked"),
    ("files", "the other source; each is checked against its hash"),
    ("file_chunks", "the bytes of the stored files"),
    ("sessions", "secrets that end by themselves"),
    ("links", "secrets that end by themselves"),
    ("throttles", "counts of failed sign-ins, forgotten after their window"),
    ("idempotency_keys", "answers already given, forgotten after a day"),
    ("jobs", "work under way; what it did is in the journal"),
];
