//! The invented people of the demonstration: one for each role, and a second checker.

use domain::access::Role;

/// An invented person: e-mail address, name, role, and a Party's signifier for a Party's role.
type InventedPerson = (&'static str, &'static str, Role, Option<&'static str>);

/// The people. Names say what they do, so that nobody is meant.
pub const PEOPLE: &[InventedPerson] = &[
    ("logistics@dcc.example", "Dee Logistics", Role::DccLogistics, None),
    ("authoriser@dcc.example", "Ada Authoriser", Role::DccAuthoriser, None),
    ("finance@dcc.example", "Finn Finance", Role::DccFinance, None),
    ("disputes@dcc.example", "Dot Disputes", Role::DccDisputes, None),
    ("policy@dcc.example", "Pol Policy", Role::DccPolicy, None),
    ("operator@dsp.example", "Otto Operator", Role::DspOperator, None),
    ("second.operator@dsp.example", "Ola Operator", Role::DspOperator, None),
    ("enquirer@csp.example", "Enid Enquirer", Role::CspEnquirer, None),
    ("auditor@audit.example", "Audrey Auditor", Role::Auditor, None),
    ("admin@hubstock.example", "Adam Admin", Role::SystemAdmin, None),
    ("viewer@larkspur.example", "Vera Viewer", Role::PartyViewer, Some("LARKSPUR")),
    ("stock@larkspur.example", "Stan Stock", Role::StockManager, Some("LARKSPUR")),
    ("warehouse@larkspur.example", "Wanda Warehouse", Role::Warehouse, Some("LARKSPUR")),
    ("admin@larkspur.example", "Amir Admin", Role::PartyAdmin, Some("LARKSPUR")),
    ("warehouse@pennywort.example", "Will Warehouse", Role::Warehouse, Some("PENNYWRT")),
    ("stock@brightwater.example", "Bea Stock", Role::StockManager, Some("BRIGHTWR")),
    ("stock@pennywort.example", "Sita Stock", Role::StockManager, Some("PENNYWRT")),
];
