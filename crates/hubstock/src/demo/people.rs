//! The invented people of the demonstration: one for each role, and a second checker.

use domain::access::Role;

/// An invented person: e-mail address, name, role, and a Party's signifier for a Party's role.
pub struct InventedPerson(pub &'static str, pub &'static str, pub Role, pub Option<&'static str>);

/// The people. Names say what they do, so that nobody is meant.
pub const PEOPLE: &[InventedPerson] = &[
    InventedPerson("logistics@dcc.example", "Dee Logistics", Role::DccLogistics, None),
    InventedPerson("authoriser@dcc.example", "Ada Authoriser", Role::DccAuthoriser, None),
    InventedPerson("finance@dcc.example", "Finn Finance", Role::DccFinance, None),
    InventedPerson("disputes@dcc.example", "Dot Disputes", Role::DccDisputes, None),
    InventedPerson("policy@dcc.example", "Pol Policy", Role::DccPolicy, None),
    InventedPerson("operator@dsp.example", "Otto Operator", Role::DspOperator, None),
    InventedPerson("second.operator@dsp.example", "Ola Operator", Role::DspOperator, None),
    InventedPerson("enquirer@csp.example", "Enid Enquirer", Role::CspEnquirer, None),
    InventedPerson("auditor@audit.example", "Audrey Auditor", Role::Auditor, None),
    InventedPerson("admin@hubstock.example", "Adam Admin", Role::SystemAdmin, None),
    InventedPerson("viewer@larkspur.example", "Vera Viewer", Role::PartyViewer, Some("LARKSPUR")),
    InventedPerson("stock@larkspur.example", "Stan Stock", Role::StockManager, Some("LARKSPUR")),
    InventedPerson(
        "warehouse@larkspur.example",
        "Wanda Warehouse",
        Role::Warehouse,
        Some("LARKSPUR"),
    ),
    InventedPerson("admin@larkspur.example", "Amir Admin", Role::PartyAdmin, Some("LARKSPUR")),
    InventedPerson(
        "warehouse@pennywort.example",
        "Will Warehouse",
        Role::Warehouse,
        Some("PENNYWRT"),
    ),
    InventedPerson("stock@brightwater.example", "Bea Stock", Role::StockManager, Some("BRIGHTWR")),
    InventedPerson("stock@pennywort.example", "Sita Stock", Role::StockManager, Some("PENNYWRT")),
];
