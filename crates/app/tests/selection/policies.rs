//! Versions of the policy.

use app::selection::{self, Publishing};
use domain::access::Actor;
use domain::ids::PolicyId;
use domain::selection::{FIRST_POLICY, Standing, text};
use testkit::world::both;

use crate::world::*;
use crate::{draft, in_force};

fn standing(world: &World, id: PolicyId) -> Standing {
    selection::get_policy(&world.app, &world.rules, id).unwrap().standing
}

fn approved(from: Option<&str>) -> Publishing {
    Publishing { approval: "SECP 0123".into(), from: from.map(|day| day.parse().unwrap()) }
}

#[test]
fn first_come_first_served_is_in_force_from_the_start() {
    both(|url| {
        let world = world(url);
        let all = selection::list_policies(&world.app, &world.north).unwrap();
        assert_eq!(all.len(), 1);
        let first = &all[0];
        assert_eq!((first.id, first.standing), (FIRST_POLICY, Standing::InForce));
        assert_eq!(first.rules, text::rules(&first.steps));
        assert_eq!(first.title, text::FIRST_TITLE);
        let offer = published(&world, &some(8));
        assert_eq!(load(&world, offer).policy, Some(FIRST_POLICY));
        is_sound(&world);
    });
}

#[test]
fn a_version_comes_into_force_when_its_notice_has_passed() {
    both(|url| {
        let world = world(url);
        let (app, rules) = (&world.app, &world.rules);
        let id = selection::draft_policy(app, rules, &draft("Fair", "pro-rata")).unwrap();
        assert_eq!(standing(&world, id), Standing::Draft);
        let without = Publishing { approval: " ".into(), from: None };
        assert!(
            refusal(selection::publish_policy(app, rules, id, None, &without)).contains("approval")
        );
        let soon = approved(Some("2026-12-21"));
        let said = refusal(selection::publish_policy(app, rules, id, None, &soon));
        assert!(said.contains("22 December 2026 at the earliest"), "{said}");
        assert!(selection::publish_policy(app, &world.dcc, id, None, &approved(None)).is_err());
        selection::publish_policy(app, rules, id, None, &approved(None)).unwrap();
        let view = selection::get_policy(app, rules, id).unwrap();
        assert_eq!(view.standing, Standing::Announced);
        // Twenty working days after 23 November, its last instant in Great Britain.
        assert_eq!(view.in_force_from.unwrap().to_string(), "2026-12-22T00:00:00Z");

        at(&world, "2026-12-21T23:59:59Z");
        app::timers::pass(app).unwrap();
        assert_eq!(standing(&world, id), Standing::Announced);
        let before = published(&world, &some(4));
        at(&world, "2026-12-22T00:00:00Z");
        app::timers::pass(app).unwrap();
        assert_eq!(standing(&world, id), Standing::InForce);
        assert_eq!(standing(&world, FIRST_POLICY), Standing::Replaced);
        let after = published(&world, &some(4));
        assert_eq!(load(&world, before).policy, Some(FIRST_POLICY), "open offers keep theirs");
        assert_eq!(load(&world, after).policy, Some(id));
        let said = refusal(selection::withdraw_policy(app, rules, id, None, "no"));
        assert!(said.contains("has come into force"), "{said}");
        is_sound(&world);
    });
}

#[test]
fn what_is_published_does_not_change_and_can_be_withdrawn_until_it_is_in_force() {
    both(|url| {
        let world = world(url);
        let (app, rules) = (&world.app, &world.rules);
        let id = selection::draft_policy(app, rules, &draft("One", "lottery")).unwrap();
        let two = draft("Two", "priority-needed-by\nlottery");
        selection::change_policy(app, rules, id, Some(1), &two).unwrap();
        let out_of_date = selection::change_policy(app, rules, id, Some(1), &draft("3", "lottery"));
        assert!(refusal(out_of_date).contains("Somebody else has changed this"));
        assert!(selection::get_policy(app, &world.north, id).is_err(), "a draft is the DCC's own");
        selection::publish_policy(app, rules, id, Some(2), &approved(Some("2027-02-01"))).unwrap();
        let view = selection::get_policy(app, &world.north, id).unwrap();
        assert_eq!(view.in_force_from.unwrap().to_string(), "2027-02-01T00:00:00Z");
        let said = refusal(selection::change_policy(app, rules, id, None, &two));
        assert!(said.contains("can't change any more"), "{said}");
        assert!(refusal(selection::withdraw_policy(app, rules, id, None, "")).contains("a reason"));
        selection::withdraw_policy(app, rules, id, None, "The vote was void").unwrap();
        at(&world, "2027-02-02T00:00:00Z");
        app::timers::pass(app).unwrap();
        assert_eq!(standing(&world, id), Standing::Withdrawn);
        assert_eq!(standing(&world, FIRST_POLICY), Standing::InForce);
        is_sound(&world);
    });
}

#[test]
fn a_simulation_shows_who_would_have_got_what() {
    both(|url| {
        let world = world(url);
        let offer = published(&world, &some(10));
        queue(&world, 1, offer, 10);
        queue(&world, 2, offer, 10);
        close(&world, offer);
        selection::run(&world.app, &world.dcc, offer).unwrap();
        let since = jiff::Timestamp::UNIX_EPOCH;
        let steps = draft("x", "pro-rata").steps;
        let found = selection::simulate(&world.app, &world.rules, &steps, since).unwrap();
        assert_eq!(found.runs, 1);
        let parties: Vec<(&str, i64, i64, i64)> =
            found.parties.iter().map(|p| (p.name.as_str(), p.given, p.would, p.more())).collect();
        assert_eq!(parties, [("Buyer 1 Ltd", 10, 5, -5), ("Buyer 2 Ltd", 0, 5, 5)]);
        assert_eq!(found.changed[0].lines.len(), 2);
        let same = draft("x", "first-come").steps;
        let found =
            selection::simulate(&world.app, &Actor::local_operator(), &same, since).unwrap();
        assert!(found.changed.is_empty());
        let said = refusal(selection::simulate(&world.app, &buys(1), &same, since));
        assert!(said.contains("Ask the DCC"), "{said}");
    });
}

#[test]
fn a_lottery_is_committed_to_before_anybody_asks() {
    both(|url| {
        let world = world(url);
        let policy = in_force(&world, "lottery");
        let offer = published(&world, &some(10));
        assert_eq!(load(&world, offer).policy, Some(policy));
        let kept = store::selection::commitment(&mut world.app.db.read().unwrap(), offer);
        let kept = kept.unwrap().unwrap();
        let secret: [u8; 32] = kept.secret.try_into().unwrap();
        for n in 1..=6 {
            queue(&world, n, offer, 4);
        }
        is_sound(&world);
        let told = |secret: &[u8]| {
            let hex = app::files::hex(secret);
            let sql = "SELECT 1 FROM journal WHERE lower(payload) LIKE $1";
            let mut tx = world.app.db.read().unwrap();
            tx.opt(sql, store::args![format!("%{hex}%")]).unwrap().is_some()
        };
        assert!(told(&kept.commitment) && !told(&secret), "only the commitment is published");
        close(&world, offer);
        let run = selection::run(&world.app, &world.dcc, offer).unwrap();
        let given: Vec<u64> = crate::given(&world, run).into_iter().map(|(_, n)| n).collect();
        assert_eq!(given, [4, 4, 2, 0, 0, 0]);
        let document = crate::exported(&world, &buys(1), run);
        let part = selection::record::Record::read(&document).unwrap().lottery.unwrap();
        assert_eq!(part.commitment, app::files::hex(&kept.commitment));
        assert_eq!(part.secret, app::files::hex(&secret));
        is_sound(&world);
    });
}
