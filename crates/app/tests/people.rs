//! People, sign-in, tokens and settings on both databases.
#![allow(clippy::unwrap_used)]

use app::people::{self, NewPerson, Target};
use app::sign_in::{self, Credentials, NewToken};
use app::{App, Clock, Error, idempotency, settings};
use domain::access::{Action, Actor, Organisation, Role};
use domain::ids::PartyId;
use domain::refusal::RefusalKind;
use jiff::{SignedDuration, Timestamp};
use store::people::PersonState;
use store::{Db, args};
use testkit::world::both;

const PASSWORD: &str = "correct horse battery";
const ADDRESS: &str = "192.0.2.1";

struct World {
    app: App,
}

fn world(url: &str) -> World {
    let db = Db::open(url).unwrap();
    db.migrate().unwrap();
    let mut app = App::new(db, std::env::temp_dir());
    let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
    app.clock = Clock::standing(start);
    let world = World { app };
    let sql = "
        INSERT INTO parties (id, signifier, legal_name, category, grouping, user_ids,
            service_user_reference, status, may_hold_hubs, version)
        VALUES ($1, $2, $3, 'Large Supplier', '', '', $2, 'Active', $4, 1)";
    let mut tx = world.app.db.write().unwrap();
    tx.exec(sql, args![1, "ABEL", "Abel Energy Limited", true]).unwrap();
    tx.exec(sql, args![2, "BRIO", "Brio Power plc", true]).unwrap();
    tx.commit().unwrap();
    world
}

impl World {
    fn later(&self, by: SignedDuration) {
        self.app.clock.set(self.app.now() + by);
    }

    fn add(&self, email: &str, role: Role, party: Option<&str>) -> Actor {
        people::add_by_operator(&self.app, email, "A Person", role, party, PASSWORD).unwrap();
        sign_in::actor_by_email(&self.app, email, Action::IssueTokens, party).unwrap()
    }

    fn sign_in(&self, email: &str, password: &str) -> app::Result<String> {
        let given = Credentials { email, password, address: ADDRESS, replaces: None };
        sign_in::sign_in(&self.app, &given).map(|(secret, _)| secret)
    }

    fn session(&self, secret: &str) -> Option<Actor> {
        sign_in::actor_for_session(&self.app, secret).unwrap().map(|session| session.actor)
    }

    fn token(&self, secret: &str) -> Option<Actor> {
        sign_in::actor_for_token(&self.app, secret).unwrap().map(|(actor, _)| actor)
    }
}

fn kind<T: std::fmt::Debug>(done: Result<T, Error>) -> RefusalKind {
    done.unwrap_err().refusal().expect("a refusal").kind
}

const ABEL: Organisation = Organisation::Party(PartyId(1));
const BRIO: Organisation = Organisation::Party(PartyId(2));

#[test]
fn the_operator_adds_people_and_one_person_may_work_for_several() {
    both(|url| {
        let world = world(url);
        world.add("Depot@example.com", Role::Warehouse, Some("abel"));
        let depot = world.add("depot@EXAMPLE.com", Role::PartyAdmin, Some("BRIO"));
        assert_eq!(depot.email, "depot@example.com");
        assert_eq!(depot.organisation, BRIO);
        let named = sign_in::organisations(&world.app, &depot).unwrap();
        let names: Vec<&str> = named.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["Abel Energy Limited", "Brio Power plc"]);

        let wrong = |role, party| {
            people::add_by_operator(&world.app, "x@example.com", "X", role, party, PASSWORD)
        };
        assert_eq!(kind(wrong(Role::Warehouse, None)), RefusalKind::Invalid);
        assert_eq!(kind(wrong(Role::Auditor, Some("ABEL"))), RefusalKind::Invalid);
        assert_eq!(kind(wrong(Role::Warehouse, Some("NONE"))), RefusalKind::Invalid);

        let by_email =
            |wanted, party| sign_in::actor_by_email(&world.app, "depot@example.com", wanted, party);
        assert_eq!(by_email(Action::ManagePeople, None).unwrap().organisation, BRIO);
        assert_eq!(kind(by_email(Action::ManagePeople, Some("ABEL"))), RefusalKind::NotAllowed);
        assert_eq!(kind(by_email(Action::ChangeSettings, None)), RefusalKind::NotAllowed);
    });
}

#[test]
fn a_session_ends_when_it_is_idle_or_old_or_signed_out() {
    both(|url| {
        let world = world(url);
        world.add("a@example.com", Role::Auditor, None);
        let secret = world.sign_in("A@example.com ", PASSWORD).unwrap();
        assert_eq!(world.session(&secret).unwrap().roles, [Role::Auditor]);
        assert_eq!(world.session("another"), None);

        world.later(SignedDuration::from_mins(31));
        assert_eq!(world.session(&secret), None, "idle");

        let secret = world.sign_in("a@example.com", PASSWORD).unwrap();
        for _ in 0..24 {
            world.later(SignedDuration::from_mins(29));
            assert!(world.session(&secret).is_some());
        }
        world.later(SignedDuration::from_mins(29));
        assert_eq!(world.session(&secret), None, "older than 12 hours");

        let secret = world.sign_in("a@example.com", PASSWORD).unwrap();
        sign_in::sign_out(&world.app, &secret).unwrap();
        assert_eq!(world.session(&secret), None, "signed out");
    });
}

#[test]
fn signing_in_again_replaces_the_session_and_a_session_can_be_turned() {
    both(|url| {
        let world = world(url);
        world.add("a@example.com", Role::Warehouse, Some("ABEL"));
        world.add("a@example.com", Role::PartyViewer, Some("BRIO"));
        let first = world.sign_in("a@example.com", PASSWORD).unwrap();
        let given = Credentials {
            email: "a@example.com",
            password: PASSWORD,
            address: ADDRESS,
            replaces: Some(&first),
        };
        let (second, session) = sign_in::sign_in(&world.app, &given).unwrap();
        assert_eq!(world.session(&first), None);
        assert!(session.can_switch);
        assert_eq!(session.actor.organisation, ABEL);

        let session = sign_in::switch(&world.app, &second, BRIO).unwrap();
        assert_eq!(session.organisation_name, "Brio Power plc");
        assert_eq!(world.session(&second).unwrap().roles, [Role::PartyViewer]);
        let elsewhere = sign_in::switch(&world.app, &second, Organisation::Centre);
        assert_eq!(kind(elsewhere), RefusalKind::NotFound);

        let third = world.sign_in("a@example.com", PASSWORD).unwrap();
        let actor = world.session(&third).unwrap();
        let open = sign_in::sessions(&world.app, &actor).unwrap();
        assert_eq!(open.len(), 2);
        let other = open.iter().find(|open| open.organisation_name == "Brio Power plc").unwrap();
        sign_in::end_session(&world.app, &actor, &other.id).unwrap();
        assert_eq!(world.session(&second), None);
        assert!(world.session(&third).is_some());
    });
}

#[test]
fn wrong_unknown_and_closed_accounts_get_one_answer_and_are_throttled_alike() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let gone = world.add("gone@example.com", Role::Auditor, None);
        people::deactivate(&world.app, &admin, gone.user.into(), "left").unwrap();
        world.add("a@example.com", Role::Auditor, None);
        let mut said = Vec::new();
        for email in ["a@example.com", "gone@example.com", "nobody@example.com"] {
            for _ in 0..5 {
                said.push(world.sign_in(email, "not the password").unwrap_err().to_string());
            }
            let throttled = world.sign_in(email, PASSWORD);
            assert_eq!(kind(throttled), RefusalKind::Throttled, "{email}");
        }
        said.dedup();
        assert_eq!(said, ["The email address or the password is not right."]);

        world.later(SignedDuration::from_mins(15));
        assert!(world.sign_in("a@example.com", PASSWORD).is_ok());
    });
}

#[test]
fn an_address_that_fails_often_waits_whatever_the_account() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let most = settings::SIGN_IN_MOST_FAILURES_ADDRESS.name;
        settings::change(&world.app, &admin, most, "3", None).unwrap();
        assert!(world.sign_in("admin@example.com", PASSWORD).is_ok(), "success is not counted");
        for number in 0..3 {
            let email = format!("nobody{number}@example.com");
            assert_eq!(kind(world.sign_in(&email, PASSWORD)), RefusalKind::NotSignedIn);
        }
        assert_eq!(kind(world.sign_in("admin@example.com", PASSWORD)), RefusalKind::Throttled);
        let given = Credentials {
            email: "admin@example.com",
            password: PASSWORD,
            address: "192.0.2.2",
            replaces: None,
        };
        assert!(sign_in::sign_in(&world.app, &given).is_ok());
    });
}

#[test]
fn an_invitation_gives_its_role_to_who_accepts_it_once() {
    both(|url| {
        let world = world(url);
        let abel = world.add("abel@example.com", Role::PartyAdmin, Some("ABEL"));
        let brio = world.add("brio@example.com", Role::PartyAdmin, Some("BRIO"));
        let new = |organisation, role| NewPerson {
            email: "new@example.com",
            name: "New Person",
            organisation,
            role,
        };
        let invite = |actor: &Actor, organisation, role| {
            people::invite(&world.app, actor, &new(organisation, role))
        };
        assert_eq!(kind(invite(&abel, BRIO, Role::Warehouse)), RefusalKind::NotFound);
        assert_eq!(kind(invite(&abel, ABEL, Role::Auditor)), RefusalKind::Invalid);
        let by_abel = invite(&abel, ABEL, Role::Warehouse).unwrap();
        let by_brio = invite(&brio, BRIO, Role::PartyViewer).unwrap();
        let listed = people::list(&world.app, &abel, None).unwrap();
        let invited = listed.iter().find(|person| person.email == "new@example.com").unwrap();
        assert_eq!(invited.state, PersonState::Invited);
        assert!(invited.roles[0].invited_until.is_some());
        assert_eq!(invited.roles.len(), 1, "what Brio offers does not show at Abel");

        let said = people::invitation(&world.app, &by_abel.secret).unwrap();
        assert_eq!(
            (said.organisation_name.as_str(), said.has_password),
            ("Abel Energy Limited", false)
        );
        let accept = |secret: &str, password| people::accept(&world.app, secret, password, ADDRESS);
        assert_eq!(kind(accept(&by_abel.secret, "short")), RefusalKind::Invalid);
        accept(&by_abel.secret, "a long enough one").unwrap();
        assert_eq!(kind(accept(&by_abel.secret, "a long enough one")), RefusalKind::NotFound);
        let secret = world.sign_in("new@example.com", "a long enough one").unwrap();
        assert_eq!(world.session(&secret).unwrap().organisation, ABEL);

        assert!(people::invitation(&world.app, &by_brio.secret).unwrap().has_password);
        let takeover = accept(&by_brio.secret, "what the inviter would like");
        assert_eq!(kind(takeover), RefusalKind::NotSignedIn);
        accept(&by_brio.secret, "a long enough one").unwrap();
        assert!(world.sign_in("new@example.com", "a long enough one").is_ok());

        let late = invite(&abel, ABEL, Role::PartyViewer).unwrap();
        world.later(SignedDuration::from_hours(24 * 7));
        assert_eq!(kind(accept(&late.secret, "a long enough one")), RefusalKind::NotFound);
    });
}

#[test]
fn deactivation_ends_sessions_tokens_and_invitations_at_once() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let actor = world.add("a@example.com", Role::DccLogistics, None);
        let session = world.sign_in("a@example.com", PASSWORD).unwrap();
        let new = NewToken { name: "Script", writes: true, days: 365 };
        let (_, token) = sign_in::issue_token(&world.app, &actor, &new).unwrap();
        assert!(world.token(&token).is_some());

        let target = |version| Target { user: actor.user, version };
        let deactivate = |target| people::deactivate(&world.app, &admin, target, "left");
        assert_eq!(kind(deactivate(target(Some(99)))), RefusalKind::OutOfDate);
        assert_eq!(kind(deactivate(admin.user.into())), RefusalKind::SamePerson);
        let version = people::get(&world.app, &admin, actor.user).unwrap().version;
        deactivate(target(Some(version))).unwrap();
        assert_eq!(world.session(&session), None);
        assert_eq!(world.token(&token), None);
        assert_eq!(kind(world.sign_in("a@example.com", PASSWORD)), RefusalKind::NotSignedIn);

        people::reactivate(&world.app, &admin, actor.user.into()).unwrap();
        assert!(world.sign_in("a@example.com", PASSWORD).is_ok());
        assert_eq!(world.session(&session), None);
        assert_eq!(world.token(&token), None, "a token stays revoked");
    });
}

#[test]
fn a_partys_administrator_reaches_no_further_than_the_party() {
    both(|url| {
        let world = world(url);
        let abel = world.add("abel@example.com", Role::PartyAdmin, Some("ABEL"));
        let brio = world.add("brio@example.com", Role::Warehouse, Some("BRIO"));
        world.add("shared@example.com", Role::Warehouse, Some("ABEL"));
        let shared = world.add("shared@example.com", Role::Warehouse, Some("BRIO"));

        assert_eq!(people::list(&world.app, &abel, None).unwrap().len(), 2);
        assert_eq!(kind(people::list(&world.app, &abel, Some(BRIO))), RefusalKind::NotFound);
        assert_eq!(kind(people::get(&world.app, &abel, brio.user)), RefusalKind::NotFound);
        let deactivate = |user| people::deactivate(&world.app, &abel, Target::from(user), "left");
        assert_eq!(kind(deactivate(brio.user)), RefusalKind::NotFound);
        let link = people::password_link(&world.app, &abel, shared.user.into());
        assert_eq!(kind(link), RefusalKind::WrongState);

        let session = world.sign_in("shared@example.com", PASSWORD).unwrap();
        assert_eq!(world.session(&session).unwrap().organisation, ABEL);
        deactivate(shared.user).unwrap();
        assert_eq!(world.session(&session), None);
        let session = world.sign_in("shared@example.com", PASSWORD).unwrap();
        assert_eq!(world.session(&session).unwrap().organisation, BRIO, "still works for Brio");
    });
}

#[test]
fn roles_come_and_go_and_nobody_changes_their_own() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let actor = world.add("a@example.com", Role::PartyViewer, Some("ABEL"));
        let grant =
            |user, at, role| people::grant(&world.app, &admin, Target::from(user), at, role);
        let own = grant(admin.user, Organisation::Centre, Role::DccAuthoriser);
        assert_eq!(kind(own), RefusalKind::SamePerson);
        assert_eq!(kind(grant(actor.user, ABEL, Role::Auditor)), RefusalKind::Invalid);
        let after = grant(actor.user, ABEL, Role::PartyAdmin).unwrap();
        assert_eq!(after.roles.len(), 2);

        let session = world.sign_in("a@example.com", PASSWORD).unwrap();
        let revoke = |role| people::revoke(&world.app, &admin, actor.user.into(), ABEL, role);
        revoke(Role::PartyAdmin).unwrap();
        assert_eq!(world.session(&session).unwrap().roles, [Role::PartyViewer]);
        assert_eq!(kind(revoke(Role::PartyAdmin)), RefusalKind::NotFound);
        revoke(Role::PartyViewer).unwrap();
        assert_eq!(world.session(&session), None);
        assert_eq!(kind(world.sign_in("a@example.com", PASSWORD)), RefusalKind::NotAllowed);
    });
}

#[test]
fn a_token_reads_or_writes_until_its_day_and_is_its_owners() {
    both(|url| {
        let world = world(url);
        let actor = world.add("a@example.com", Role::DccLogistics, None);
        let other = world.add("b@example.com", Role::DccLogistics, None);
        let issue = |days, writes| {
            let new = NewToken { name: "Script", writes, days };
            sign_in::issue_token(&world.app, &actor, &new)
        };
        assert_eq!(kind(issue(366, true)), RefusalKind::Invalid);
        assert_eq!(kind(issue(0, true)), RefusalKind::Invalid);
        let (reading, secret) = issue(1, false).unwrap();
        assert!(secret.starts_with("hub_") && secret.len() > 40);
        let by_token = world.token(&secret).unwrap();
        assert!(by_token.must(Action::SeeHubs).is_ok());
        assert!(by_token.must(Action::PrepareTransferFile).is_err());
        assert!(by_token.must(Action::IssueTokens).is_err());
        let (writing, writes) = issue(30, true).unwrap();
        assert!(world.token(&writes).unwrap().must(Action::PrepareTransferFile).is_ok());

        let foreign = sign_in::revoke_token(&world.app, &other, writing.id);
        assert_eq!(kind(foreign), RefusalKind::NotFound);
        sign_in::revoke_token(&world.app, &actor, writing.id).unwrap();
        assert_eq!(world.token(&writes), None);
        world.later(SignedDuration::from_hours(24));
        assert_eq!(world.token(&secret), None);
        let listed = sign_in::tokens(&world.app, &actor).unwrap();
        assert_eq!(
            listed.iter().map(|token| token.id).collect::<Vec<_>>(),
            [writing.id, reading.id]
        );
        assert_eq!(world.token("hub_guess"), None);
    });
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let actor = world.add("a@example.com", Role::Auditor, None);
        let (one, two) = (
            world.sign_in("a@example.com", PASSWORD).unwrap(),
            world.sign_in("a@example.com", PASSWORD).unwrap(),
        );
        let change = |current, new| {
            sign_in::change_password(&world.app, &actor, current, new, (ADDRESS, Some(&one)))
        };
        assert_eq!(kind(change("not it at all", "another long one")), RefusalKind::Invalid);
        change(PASSWORD, "another long one").unwrap();
        assert!(world.session(&one).is_some());
        assert_eq!(world.session(&two), None);

        let link = people::password_link(&world.app, &admin, actor.user.into()).unwrap();
        people::set_password_by_link(&world.app, &link.secret, "a third long one").unwrap();
        assert_eq!(world.session(&one), None);
        assert!(world.sign_in("a@example.com", "a third long one").is_ok());
        let again = people::set_password_by_link(&world.app, &link.secret, "a fourth long one");
        assert_eq!(kind(again), RefusalKind::NotFound);
    });
}

#[test]
fn a_sign_in_link_works_once_within_the_hour() {
    both(|url| {
        let world = world(url);
        let actor = world.add("a@example.com", Role::Auditor, None);
        let by_link = |link: &str| sign_in::sign_in_by_link(&world.app, link, ADDRESS, None);
        let link = sign_in::sign_in_link(&world.app, actor.user).unwrap();
        let (secret, _) = by_link(&link).unwrap();
        assert!(world.session(&secret).is_some());
        assert_eq!(kind(by_link(&link)), RefusalKind::NotFound);
        let link = sign_in::sign_in_link(&world.app, actor.user).unwrap();
        world.later(SignedDuration::from_hours(1));
        assert_eq!(kind(by_link(&link)), RefusalKind::NotFound);
    });
}

#[test]
fn a_setting_changes_once_for_each_version() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let auditor = world.add("a@example.com", Role::Auditor, None);
        let change = |actor: &Actor, value, version| {
            settings::change(&world.app, actor, "check.R05", value, version)
        };
        assert_eq!(kind(change(&auditor, "off", None)), RefusalKind::NotAllowed);
        assert_eq!(kind(change(&admin, "maybe", None)), RefusalKind::Invalid);
        assert_eq!(change(&admin, "off", Some(0)).unwrap().version, 1);
        assert_eq!(kind(change(&admin, "reject", Some(0))), RefusalKind::OutOfDate);
        assert_eq!(change(&admin, "reject", Some(1)).unwrap().version, 2);
        let unknown = settings::change(&world.app, &admin, "check.R04", "off", None);
        assert_eq!(kind(unknown), RefusalKind::NotFound);
        let listed = settings::list(&world.app, &auditor).unwrap();
        assert_eq!(listed.len(), settings::ALL.len());
        assert_eq!(listed[0].value, "reject");
        assert_eq!(listed[0].version, 2);
    });
}

#[test]
fn a_key_gets_the_first_answer_and_no_other_request() {
    both(|url| {
        let world = world(url);
        let actor = world.add("a@example.com", Role::SystemAdmin, None);
        let claim = idempotency::Claim {
            user: actor.user,
            organisation: actor.organisation,
            key: "k-1".into(),
        };
        let begin = |hash| idempotency::begin(&world.app, &claim, [hash; 32]);
        assert_eq!(begin(1).unwrap(), idempotency::Begun::Now);
        assert_eq!(kind(begin(1)), RefusalKind::WrongState, "under way");
        assert_eq!(kind(begin(2)), RefusalKind::KeyReused);
        let organisation = domain::access::Organisation::Party(domain::ids::PartyId(1));
        let elsewhere = idempotency::Claim { organisation, ..claim.clone() };
        let begun = idempotency::begin(&world.app, &elsewhere, [1; 32]).unwrap();
        assert_eq!(begun, idempotency::Begun::Now, "for another organisation");
        let answer = idempotency::Answer {
            status: 201,
            headers: "etag: \"1\"".into(),
            body: b"{}".to_vec(),
        };
        idempotency::finish(&world.app, &claim, &answer).unwrap();
        assert_eq!(begin(1).unwrap(), idempotency::Begun::Before(answer));
        assert_eq!(kind(begin(2)), RefusalKind::KeyReused);
        world.later(SignedDuration::from_hours(24 * 7 + 1));
        assert_eq!(begin(2).unwrap(), idempotency::Begun::Now);
    });
}

#[test]
fn a_request_whose_answer_was_lost_is_not_done_again() {
    both(|url| {
        let world = world(url);
        let admin = world.add("admin@example.com", Role::SystemAdmin, None);
        let claim = idempotency::Claim {
            user: admin.user,
            organisation: admin.organisation,
            key: "k-1".into(),
        };
        let begin = || idempotency::begin(&world.app, &claim, [1; 32]);
        assert_eq!(begin().unwrap(), idempotency::Begun::Now);
        world.later(SignedDuration::from_mins(3));
        assert_eq!(begin().unwrap(), idempotency::Begun::Now, "nothing came of it");
        idempotency::within(Some(claim.clone()), || {
            settings::change(&world.app, &admin, "check.R05", "off", None).unwrap();
        });
        world.later(SignedDuration::from_mins(3));
        let idempotency::Begun::Lost(idempotency::Effect { subject, kind, .. }) = begin().unwrap()
        else {
            panic!("it was done");
        };
        assert_eq!((subject.as_str(), kind.as_str()), ("check.R05", "SettingChanged"));
    });
}
