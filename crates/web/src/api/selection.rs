//! Selection: versions of the policy, runs with their published records, simulations.

use app::selection::{
    self, LineView, PolicyView, Publishing, RunItem, RunView, Simulation, Waiting,
};
use app::tables::Format;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::Refusal;
use domain::access::{Action, Actor};
use domain::ids::{AllocationRunId, OfferId, PolicyId};
use domain::selection::{Draft, Step, steps};
use domain::timers::end_of_british_day;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::given::{Cursor, Given, IfMatch, Query, limit, reference};
use super::{FileBytes, Page, Problem, at, versioned};
use crate::error_pages::{Failure, blocking};
use crate::session::ApiActor;
use crate::state::AppState;
use crate::streams;

/// The routes of this capability.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_policies, draft_policy))
        .routes(routes!(get_policy, change_policy))
        .routes(routes!(publish_policy))
        .routes(routes!(withdraw_policy))
        .routes(routes!(simulate))
        .routes(routes!(list_runs, run))
        .routes(routes!(get_run))
        .routes(routes!(download_record))
        .routes(routes!(download_explanation))
        .routes(routes!(list_waiting))
}

/// A step of a policy.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyStep {
    /// `first-come`, `pro-rata`, `lottery`, `priority-category`, `priority-no-allocation`,
    /// `priority-needed-within` or `priority-needed-by`.
    #[schema(example = "priority-no-allocation")]
    name: String,
    /// Its parameter, if it has one.
    #[schema(example = "30 days")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

fn shown_steps(steps: &[Step]) -> Vec<PolicyStep> {
    let shown = |step: &Step| PolicyStep { name: step.name().into(), parameter: step.parameter() };
    steps.iter().map(shown).collect()
}

/// A version of the selection policy.
#[derive(Serialize, ToSchema)]
pub(super) struct SelectionPolicy {
    /// Its reference.
    #[schema(example = "pol-000002")]
    id: String,
    /// Its title.
    title: String,
    /// What it is for.
    text: String,
    /// Its steps, in their order.
    steps: Vec<PolicyStep>,
    /// The steps' rules in words, with how is rounded: as published, or as they would be.
    rules: String,
    /// The SHA-256 of all of that.
    sha256: String,
    /// `draft`, `announced`, `in-force`, `replaced` or `withdrawn`.
    standing: &'static str,
    /// The reference of its approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    /// From when it is in force.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force_from: Option<String>,
    /// When it was drafted.
    #[schema(format = DateTime)]
    drafted_at: String,
    /// When it was published.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
    /// Why it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// How often it has changed: its ETag.
    version: i64,
}

pub(super) fn shown_policy(policy: PolicyView) -> SelectionPolicy {
    SelectionPolicy {
        id: policy.id.to_string(),
        steps: shown_steps(&policy.steps),
        title: policy.title,
        text: policy.text,
        rules: policy.rules,
        sha256: policy.sha256,
        standing: policy.standing.word(),
        approval: policy.approval,
        in_force_from: policy.in_force_from.map(|at| at.to_string()),
        drafted_at: policy.drafted_at.to_string(),
        published_at: policy.published_at.map(|at| at.to_string()),
        reason: policy.reason,
        version: policy.version,
    }
}

/// What a version of the policy is to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPolicy {
    /// Its title.
    title: String,
    /// What it is for.
    text: String,
    /// Its steps, in their order.
    steps: Vec<PolicyStep>,
}

impl NewPolicy {
    fn draft(self) -> Result<Draft, Refusal> {
        let step = |given: &PolicyStep| {
            Step::new(&given.name, given.parameter.as_deref())
                .map_err(|wrong| Refusal::field("steps", format!("A step can't be used: {wrong}.")))
        };
        let chain = self.steps.iter().map(step).collect::<Result<Vec<_>, _>>()?;
        steps::check(&chain)?;
        Ok(Draft { title: self.title, text: self.text, steps: chain })
    }
}

/// Versions of the selection policy, newest first. A Party sees those that were published.
#[utoipa::path(get, path = "/selection-policies", tag = "selection",
    operation_id = "list_selection_policies",
    responses((status = OK, body = Page<SelectionPolicy>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_policies(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<SelectionPolicy>>, Failure> {
    let all = blocking(move || selection::list_policies(&state.app, &who.actor)).await?;
    Ok(Page::whole(all.into_iter().map(shown_policy).collect()))
}

/// Drafts a version.
#[utoipa::path(post, path = "/selection-policies", tag = "selection",
    operation_id = "draft_selection_policy", request_body = NewPolicy,
    responses((status = CREATED, body = SelectionPolicy), Problem),
    security(("token" = []), ("session" = [])))]
async fn draft_policy(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewPolicy>,
) -> Result<Response, Failure> {
    let made = move || {
        who.actor.must(Action::ManagePolicies)?;
        let id = selection::draft_policy(&state.app, &who.actor, &new.draft()?)?;
        selection::get_policy(&state.app, &who.actor, id)
    };
    let policy = blocking(made).await?;
    let path = format!("/selection-policies/{}", policy.id);
    Ok(at(StatusCode::CREATED, &path, shown_policy(policy)))
}

/// One version.
#[utoipa::path(get, path = "/selection-policies/{id}", tag = "selection",
    operation_id = "get_selection_policy",
    params(("id" = String, Path, description = "The version's reference")),
    responses((status = OK, body = SelectionPolicy), Problem),
    security(("token" = []), ("session" = [])))]
async fn get_policy(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let find = move || {
        who.actor.must(Action::SeePolicies)?;
        selection::get_policy(&state.app, &who.actor, reference(&id, "policy")?)
    };
    let policy = blocking(find).await?;
    Ok(versioned(policy.version, shown_policy(policy)))
}

/// Changes a draft.
#[utoipa::path(put, path = "/selection-policies/{id}", tag = "selection",
    operation_id = "change_selection_policy",
    params(("id" = String, Path, description = "The version's reference")),
    request_body = NewPolicy,
    responses((status = OK, body = SelectionPolicy), Problem),
    security(("token" = []), ("session" = [])))]
async fn change_policy(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(new): Given<NewPolicy>,
) -> Result<Response, Failure> {
    changed(state, who, id, move |app, actor, id| {
        selection::change_policy(app, actor, id, version, &new.draft()?)
    })
    .await
}

/// Does something to a version and answers it.
async fn changed(
    state: AppState,
    who: ApiActor,
    id: String,
    change: impl FnOnce(&app::App, &Actor, PolicyId) -> app::Result<()> + Send + 'static,
) -> Result<Response, Failure> {
    let done = move || {
        who.actor.must(Action::ManagePolicies)?;
        let id = reference(&id, "policy")?;
        change(&state.app, &who.actor, id)?;
        selection::get_policy(&state.app, &who.actor, id)
    };
    let policy = blocking(done).await?;
    Ok(versioned(policy.version, shown_policy(policy)))
}

/// How a version is to be published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The reference of its approval.
    #[schema(example = "SECP 123, item 4")]
    approval: String,
    /// The first day on which it shall be in force; the earliest that its notice allows without it.
    #[schema(format = Date)]
    #[serde(default)]
    from: Option<String>,
}

/// Publishes a draft. It comes into force when its notice has passed; open offers keep theirs.
#[utoipa::path(post, path = "/selection-policies/{id}/publish", tag = "selection",
    operation_id = "publish_selection_policy",
    params(("id" = String, Path, description = "The version's reference")),
    request_body = Approval,
    responses((status = OK, body = SelectionPolicy), Problem),
    security(("token" = []), ("session" = [])))]
async fn publish_policy(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<Approval>,
) -> Result<Response, Failure> {
    changed(state, who, id, move |app, actor, id| {
        let from = given.from.as_deref().map(|text| day("from", text)).transpose()?;
        let how = Publishing { approval: given.approval, from };
        selection::publish_policy(app, actor, id, version, &how)
    })
    .await
}

fn day(field: &'static str, text: &str) -> Result<Date, Refusal> {
    text.parse().map_err(|_| Refusal::field(field, "Give a day such as 2026-11-23."))
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawalReason {
    /// The reason.
    reason: String,
}

/// Withdraws a version that is not in force yet.
#[utoipa::path(post, path = "/selection-policies/{id}/withdraw", tag = "selection",
    operation_id = "withdraw_selection_policy",
    params(("id" = String, Path, description = "The version's reference")),
    request_body = WithdrawalReason,
    responses((status = OK, body = SelectionPolicy), Problem),
    security(("token" = []), ("session" = [])))]
async fn withdraw_policy(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    IfMatch(version): IfMatch,
    Given(given): Given<WithdrawalReason>,
) -> Result<Response, Failure> {
    changed(state, who, id, move |app, actor, id| {
        selection::withdraw_policy(app, actor, id, version, &given.reason)
    })
    .await
}

/// Since when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Since {
    /// Only runs since this day.
    #[param(example = "2026-01-01")]
    since: Option<String>,
}

/// What a policy would have given in past runs.
#[derive(Serialize, ToSchema)]
struct PolicySimulation {
    /// How many runs were replayed.
    runs: u64,
    /// The difference for each Party that asked.
    parties: Vec<SimulatedParty>,
    /// The runs in which somebody would have got something else.
    changed: Vec<SimulatedRun>,
}

/// What a Party was given and would have been given.
#[derive(Serialize, ToSchema)]
struct SimulatedParty {
    /// The Party.
    party: String,
    /// Its name.
    name: String,
    /// Its requests in these runs.
    requests: i64,
    /// What it asked for.
    asked: i64,
    /// What it was given.
    given: i64,
    /// What it would have been given.
    would: i64,
    /// How many more.
    difference: i64,
}

/// A run in which somebody would have got something else.
#[derive(Serialize, ToSchema)]
struct SimulatedRun {
    /// The run.
    run: String,
    /// Its offer.
    offer: String,
    /// The requests that would have been given something else.
    lines: Vec<SimulatedLine>,
}

/// A request that would have been given something else.
#[derive(Serialize, ToSchema)]
struct SimulatedLine {
    /// The request.
    request: String,
    /// The name of its Party.
    party: String,
    /// What it asked for.
    asked: i64,
    /// What it was given.
    given: i64,
    /// What it would have been given.
    would: i64,
    /// Why.
    reason: String,
}

fn shown_simulation(found: Simulation) -> PolicySimulation {
    let party = |p: selection::PartyDifference| SimulatedParty {
        difference: p.more(),
        party: p.party.to_string(),
        name: p.name,
        requests: p.requests,
        asked: p.asked,
        given: p.given,
        would: p.would,
    };
    let line = |l: selection::LineDifference| SimulatedLine {
        request: l.request.to_string(),
        party: l.party,
        asked: l.asked,
        given: l.given,
        would: l.would,
        reason: l.reason,
    };
    let run = |run: selection::RunDifference| SimulatedRun {
        run: run.run.to_string(),
        offer: run.offer.to_string(),
        lines: run.lines.into_iter().map(line).collect(),
    };
    PolicySimulation {
        runs: found.runs,
        parties: found.parties.into_iter().map(party).collect(),
        changed: found.changed.into_iter().map(run).collect(),
    }
}

/// What a version of the policy would have given in past runs.
#[utoipa::path(get, path = "/selection-policies/{id}/simulation", tag = "selection",
    operation_id = "simulate_selection_policy",
    params(("id" = String, Path, description = "The version's reference"), Since),
    responses((status = OK, body = PolicySimulation), Problem),
    security(("token" = []), ("session" = [])))]
async fn simulate(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Result<Json<PolicySimulation>, Failure> {
    let replay = move || {
        who.actor.must(Action::SeePolicies)?;
        let policy = selection::get_policy(&state.app, &who.actor, reference(&id, "policy")?)?;
        let since = match since.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => {
                let day = day("since", text)?;
                end_of_british_day(day.yesterday().unwrap_or(day))
            }
            None => Timestamp::MIN,
        };
        selection::simulate(&state.app, &who.actor, &policy.steps, since)
    };
    Ok(Json(shown_simulation(blocking(replay).await?)))
}

/// A run of selection.
#[derive(Serialize, ToSchema)]
pub(super) struct SelectionRun {
    /// Its reference.
    #[schema(example = "alr-000012")]
    id: String,
    /// The offer.
    #[schema(example = "off-000042")]
    offer: String,
    /// The version of the policy that applied.
    #[schema(example = "pol-000002")]
    policy: String,
    /// How many hubs could be given.
    available: i64,
    /// How many were given.
    given: i64,
    /// How many requests there were.
    requests: i64,
    /// When it was run.
    #[schema(format = DateTime)]
    ran_at: String,
}

pub(super) fn shown_item(run: RunItem) -> SelectionRun {
    SelectionRun {
        id: run.id.to_string(),
        offer: run.offer.to_string(),
        policy: run.policy.to_string(),
        available: run.available,
        given: run.given,
        requests: run.requests,
        ran_at: run.ran_at.to_string(),
    }
}

/// A run of selection with what each request came to.
#[derive(Serialize, ToSchema)]
struct SelectionResult {
    /// The run.
    #[serde(flatten)]
    run: SelectionRun,
    /// The Party that offers, where the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    offering: Option<String>,
    /// The run before it over the same offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// The SHA-256 of its published record.
    record_sha256: String,
    /// The commitment to the lottery's secret that was published with the offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    lottery_commitment: Option<String>,
    /// What each request came to, by its place.
    lines: Vec<SelectionLine>,
}

/// What a request came to.
#[derive(Serialize, ToSchema)]
struct SelectionLine {
    /// Its place in the order, from 1.
    rank: i64,
    /// The request.
    request: String,
    /// The name of its Party, where the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<String>,
    /// Whether it is the caller's own.
    is_own: bool,
    /// When it was received.
    #[schema(format = DateTime)]
    received_at: String,
    /// How many hubs it asked for.
    asked: i64,
    /// The fewest that it accepts.
    minimum: i64,
    /// How many it was given.
    given: i64,
    /// Why.
    reason: String,
}

fn shown_run(view: RunView) -> SelectionResult {
    let line = |line: LineView| SelectionLine {
        rank: line.place,
        request: line.request.to_string(),
        party: line.party.map(|(_, name)| name),
        is_own: line.is_own,
        received_at: line.received_at.to_string(),
        asked: line.asked,
        minimum: line.minimum,
        given: line.given,
        reason: line.reason,
    };
    SelectionResult {
        run: shown_item(view.run),
        offering: view.offering.map(|(_, name)| name),
        previous: view.previous.map(|id| id.to_string()),
        record_sha256: view.record_sha256,
        lottery_commitment: view.commitment,
        lines: view.lines.into_iter().map(line).collect(),
    }
}

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only those over this offer.
    offer: Option<String>,
    /// Where the page begins: the `next` or `previous` of another one.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    cursor: Cursor,
    /// Items on a page, 1 to 200; 50 where nothing is said.
    limit: Option<u32>,
}

/// Runs of selection, newest first; a Party's are those in which it offers or asks.
#[utoipa::path(get, path = "/selection-runs", tag = "selection",
    operation_id = "list_selection_runs", params(Wanted),
    responses((status = OK, body = Page<SelectionRun>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_runs(
    State(state): State<AppState>,
    who: ApiActor,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<SelectionRun>>, Failure> {
    let cursor = wanted.cursor.clone();
    let find = move || {
        let offer = wanted.offer.as_deref().map(|id| reference(id, "offer")).transpose()?;
        let most = limit(wanted.limit);
        selection::list_runs(&state.app, &who.actor, offer, wanted.cursor.place()?, most)
    };
    let runs = blocking(find).await?;
    Ok(Page::part(runs.items.into_iter().map(shown_item).collect(), &cursor, runs.next))
}

/// Over which offer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRun {
    /// An offer that has closed to requests.
    #[schema(example = "off-000042")]
    offer: String,
}

/// Runs selection over an offer that has closed to requests.
#[utoipa::path(post, path = "/selection-runs", tag = "selection",
    operation_id = "run_selection", request_body = NewRun,
    responses((status = CREATED, body = SelectionResult), Problem),
    security(("token" = []), ("session" = [])))]
async fn run(
    State(state): State<AppState>,
    who: ApiActor,
    Given(new): Given<NewRun>,
) -> Result<Response, Failure> {
    let ran = move || {
        who.actor.must(Action::RunSelection)?;
        let offer: OfferId = reference(&new.offer, "offer")?;
        let id = selection::run(&state.app, &who.actor, offer)?;
        selection::get_run(&state.app, &who.actor, id)
    };
    let view = blocking(ran).await?;
    let path = format!("/selection-runs/{}", view.run.id);
    Ok(at(StatusCode::CREATED, &path, shown_run(view)))
}

fn seen(who: &ApiActor, id: &str) -> Result<AllocationRunId, Refusal> {
    who.actor.must(Action::SeeSelection)?;
    reference(id, "run of selection")
}

/// One run: who got what, and why.
#[utoipa::path(get, path = "/selection-runs/{id}", tag = "selection",
    operation_id = "get_selection_run",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, body = SelectionResult), Problem),
    security(("token" = []), ("session" = [])))]
async fn get_run(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Json<SelectionResult>, Failure> {
    let find = move || {
        let id = seen(&who, &id)?;
        selection::get_run(&state.app, &who.actor, id)
    };
    Ok(Json(shown_run(blocking(find).await?)))
}

/// The published record of a run, from which `hubstock verify allocation` works the result out
/// again without a database.
#[utoipa::path(get, path = "/selection-runs/{id}/record", tag = "selection",
    operation_id = "download_selection_record",
    params(("id" = String, Path, description = "The run")),
    responses((status = OK, body = FileBytes, content_type = "application/json"), Problem),
    security(("token" = []), ("session" = [])))]
async fn download_record(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let id = seen(&who, &id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    blocking(move || selection::export(&app, &actor, id, &mut std::io::sink())).await?;
    let name = format!("{id}.json");
    streams::download(&name, "application/json", move |mut out| {
        selection::export(&state.app, &who.actor, id, &mut out)
    })
    .await
}

/// As what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct As {
    /// `csv` or `xlsx`.
    format: Option<String>,
}

/// What each request of a run came to and why, as a table.
#[utoipa::path(get, path = "/selection-runs/{id}/explanation", tag = "selection",
    operation_id = "download_selection_explanation",
    params(("id" = String, Path, description = "The run"), As),
    responses((status = OK, body = FileBytes, content_type = "text/csv"), Problem),
    security(("token" = []), ("session" = [])))]
async fn download_explanation(
    State(state): State<AppState>,
    who: ApiActor,
    Path(id): Path<String>,
    Query(As { format }): Query<As>,
) -> Result<Response, Failure> {
    let id = seen(&who, &id)?;
    let (app, actor) = (state.app.clone(), who.actor.clone());
    let format = blocking(move || {
        selection::get_run(&app, &actor, id)?;
        let unknown = || Refusal::field("format", "A format is csv or xlsx.");
        let found = Format::from_word(format.as_deref().unwrap_or("csv"));
        Ok(found.filter(|format| *format != Format::Parquet).ok_or_else(unknown)?)
    })
    .await?;
    let name = format!("{id}.{}", format.word());
    streams::download(&name, format.media_type(), move |out| {
        selection::explanation(&state.app, &who.actor, id, format, Box::new(out))
    })
    .await
}

/// An offer that has closed to requests and waits for selection.
#[derive(Serialize, ToSchema)]
struct WaitingOffer {
    /// The offer.
    offer: String,
    /// The Party that offers.
    offering: String,
    /// How many hubs are not allocated.
    left: i64,
    /// How many requests wait.
    requests: i64,
    /// How many hubs they ask for together.
    asked: i64,
    /// When the offer closed.
    #[schema(format = DateTime)]
    closed_at: String,
    /// When selection runs by itself.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
}

/// Offers that have closed to requests and wait for selection.
#[utoipa::path(get, path = "/selection-waiting", tag = "selection",
    operation_id = "list_waiting_selections",
    responses((status = OK, body = Page<WaitingOffer>), Problem),
    security(("token" = []), ("session" = [])))]
async fn list_waiting(
    State(state): State<AppState>,
    who: ApiActor,
) -> Result<Json<Page<WaitingOffer>>, Failure> {
    let all = blocking(move || selection::waiting(&state.app, &who.actor)).await?;
    let shown = |waiting: Waiting| WaitingOffer {
        offer: waiting.offer.to_string(),
        offering: waiting.offering,
        left: waiting.left,
        requests: waiting.requests,
        asked: waiting.asked,
        closed_at: waiting.closed_at.to_string(),
        due_at: waiting.due_at.map(|at| at.to_string()),
    };
    Ok(Page::whole(all.into_iter().map(shown).collect()))
}
