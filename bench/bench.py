#!/usr/bin/env python3
"""Measures the product beside its baselines, on the same stock and the same files.

    bench.py prepare N [--postgres]      builds everything and makes the worlds of N hubs in bench/work
    bench.py transfer N LINES HOW        the whole path of a transfer file; HOW is clustered or random
    bench.py wrong N LINES               an all-wrong file against an all-right one
    bench.py summary N                   896 lines, from the upload to the authoriser's summary
    bench.py report N                    ESI-013 as CSV beside a bare export
    bench.py load N                      loading deliveries beside the engine's own bulk load
    bench.py serve N                     time to the first answer; latency of pages under 50 clients
    bench.py all N                       all of them

HUBSTOCK names another binary of the product than target/dist/hubstock. Options: --postgres (PGHOST, PGPORT, PGUSER say where), --runs K (default 5), --json FILE (adds the figures to it).
Two commands are run in turn after one warm-up each; what is quoted is the ratio of medians. Whole processes are
timed; memory is the largest resident set of any one process of the command.
"""
import argparse, datetime, http.client, json, os, pathlib, shlex, statistics, subprocess, sys, time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / "work"
LIMITS = HERE / "baselines" / "limits" / "target" / "release"
WORLD = HERE / "world" / "target" / "release" / "bench-world"
PRODUCT = pathlib.Path(os.environ.get("HUBSTOCK", ROOT / "target" / "dist" / "hubstock")).resolve()
PEOPLE = {"admin": "system-admin", "operator": "dsp-operator", "preparer": "dcc-logistics", "authoriser": "dcc-authoriser"}
FIGURES = []


def sh(command, **more):
    done = subprocess.run(["bash", "-c", "set -e -o pipefail; " + command], cwd=ROOT, **more)
    if done.returncode:
        sys.exit(f"failed ({done.returncode}): {command}")
    return done


def timed(command):
    """Seconds and peak MiB of one command, as the operating system counted them."""
    began = time.monotonic()
    child = subprocess.Popen(["bash", "-c", "set -o pipefail; " + command], cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"failed: {command}\n{error.decode(errors='replace')}")
    return took, usage.ru_maxrss / 1024


def note(what, **figures):
    FIGURES.append(dict(what=what, **figures))
    print(what + ": " + ", ".join(f"{k} {v}" for k, v in figures.items()), flush=True)


def median(values):
    return statistics.median(values)


class World:
    def __init__(self, n, postgres):
        self.n, self.postgres = n, postgres
        self.database = f"postgres://{os.environ.get('PGUSER', 'postgres')}@{os.environ.get('PGHOST', '127.0.0.1')}:{os.environ.get('PGPORT', '5432')}/product_{n}" if postgres else str(WORK / f"product_{n}.db")
        self.hubstock = f"{PRODUCT} --database {shlex.quote(self.database)}"

    def who(self, person):
        return f"--as {person}@bench.example"


def prepare(world):
    WORK.mkdir(exist_ok=True)
    if "HUBSTOCK" not in os.environ:
        sh("cargo build --profile dist -q -p hubstock")
    for crate in ("baselines/limits", "world"):
        sh(f"cargo build --release -q --manifest-path bench/{crate}/Cargo.toml --target-dir bench/{crate}/target")
    n = world.n
    if not (WORK / f"inv_{n}.db").exists():
        sh(f"{LIMITS}/lite load {WORK}/inv_{n}.db {n} int sorted && sqlite3 {WORK}/inv_{n}.db 'PRAGMA journal_mode=WAL'")
    if world.postgres:
        sh(f"LIMITS_TARGET={HERE}/baselines/limits/target bench/baselines/build-world.sh {n} {WORK} pg")
        sh(f"psql -qX -d postgres -c 'DROP DATABASE IF EXISTS product_{n}' -c \"CREATE DATABASE product_{n} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0\"")
    else:
        for end in ("", "-wal", "-shm"):
            pathlib.Path(world.database + end).unlink(missing_ok=True)
    sh(f"{world.hubstock} migrate")
    for person, role in PEOPLE.items():
        sh(f"echo 'a password for benches' | {world.hubstock} user add {person}@bench.example --name {person} --role {role} --password-stdin")
    sh(f"{world.hubstock} setting set upload.most_mib 60000 {world.who('admin')}")
    sh(f"{WORLD} parties > {WORK}/parties.csv && {world.hubstock} import parties {WORK}/parties.csv {world.who('admin')}")
    for what in ("deliveries", "statuses"):
        began = time.monotonic()
        sh(f"{WORLD} {what} {n} | {world.hubstock} import {what} - {world.who('operator')}")
        took = time.monotonic() - began
        note(f"{what} of {n:,} hubs loaded through the product", seconds=round(took, 1), rate=f"{n / took:,.0f} hubs/s")
    if not world.postgres:
        sh(f"sqlite3 {world.database} 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null")
        pages = sh(f"sqlite3 {world.database} \"SELECT name || ' ' || sum(pgsize) FROM dbstat GROUP BY name ORDER BY sum(pgsize) DESC LIMIT 12\"", capture_output=True, text=True).stdout if n <= 1_000_000 else ""
        for line in pages.splitlines():
            name, size = line.split()
            note(f"storage of {name}", bytes_per_hub=round(int(size) / n, 1))


def transfer_file(n, lines, how, seed, back):
    """The baselines' file, and the same lines under the product's header."""
    base = WORK / f"t_{n}_{lines}_{how}_{seed}{'_back' if back else ''}.csv"
    ours = base.with_suffix(".product.csv")
    if not ours.exists():
        sh(f"{LIMITS}/gen file {n} {lines} {how} {base} seed={seed} {'rev' if back else ''}")
        with open(base, "rb") as source, open(ours, "wb") as target:
            source.readline()
            target.write(b"CommsHubID,NewServiceUserReference\r\n")
            while chunk := source.read(1 << 20):
                target.write(chunk)
    return base, ours


def product_transfer(world, file, response):
    """Upload, check, authorise, apply, response: three commands, each a process."""
    submit = f"{world.hubstock} --json transfer-file submit {file} {world.who('preparer')} > submitted.json"
    reference = "$(grep -o 'ctf-[0-9]*' submitted.json | head -1)"
    return (f"{submit}; R={reference}; {world.hubstock} transfer-file authorise $R {world.who('authoriser')}; "
            f"{world.hubstock} transfer-file response $R --out {response} && sync -d {response}")


def in_turn(runs, sides):
    """Runs each side in turn; sides: name → function of the run's number that gives a command."""
    took, memory = {name: [] for name in sides}, {name: 0 for name in sides}
    for run in range(runs + 1):
        for name, command in sides.items():
            seconds, mib = timed(command(run))
            if run:
                took[name].append(seconds)
                memory[name] = max(memory[name], mib)
    return took, memory


def transfer(world, lines, how, runs):
    n, base_seed = world.n, int(time.time())
    # Each run moves hubs there, the next moves them back, so the state is the same for each pair.
    files = [transfer_file(n, lines, how, base_seed + run // 2, run % 2 == 1) for run in range(runs + 1)]
    back = [run % 2 == 1 for run in range(runs + 1)]
    sides = {"product": lambda r: product_transfer(world, files[r][1], "product_RSP.csv")}
    if world.postgres:
        sides["psql"] = lambda r: f"{HERE}/baselines/postgres.sh {files[r][0]} base_{n} PARTY-{1012 if back[r] else 1007} base_RSP.csv"
        sides["pgfast"] = lambda r: f"{LIMITS}/pgfast 'host={os.environ.get('PGHOST', '127.0.0.1')} port={os.environ.get('PGPORT', '5432')} user={os.environ.get('PGUSER', 'postgres')} dbname=base_{n}' {files[r][0]} {1012 if back[r] else 1007} ctid"
    else:
        sides["sqlite3"] = lambda r: f"{HERE}/baselines/sqlite.sh {files[r][0]} inv_{n}.db PARTY-{1012 if back[r] else 1007} base_RSP.csv"
        sides["lite"] = lambda r: f"{LIMITS}/lite xfer inv_{n}.db {files[r][0]} {1012 if back[r] else 1007} points hist=H3 resp=lite_RSP.csv fsyncresp"
    if world.postgres:
        # pgfast and the script share a database: the second of them would find nothing to move.
        del sides["pgfast"]
    elif "lite" in sides:
        sh(f"[ -e {WORK}/lite_{n}.db ] || cp {WORK}/inv_{n}.db {WORK}/lite_{n}.db")
        inner = sides["lite"]
        sides["lite"] = lambda r: inner(r).replace(f"inv_{n}.db", f"lite_{n}.db")
    took, memory = in_turn(runs, sides)
    ours = median(took["product"])
    for name in sides:
        middle = median(took[name])
        note(f"{lines:,} lines {how} in {n:,} hubs, {name}", seconds=round(middle, 3), low=round(min(took[name]), 3),
             high=round(max(took[name]), 3), peak_mib=round(memory[name]), product_to_this=round(ours / middle, 2))
    for pair in files:
        for path in pair:
            path.unlink(missing_ok=True)
    return ours


def wrong(world, lines, runs):
    path = lambda r: WORK / f"wrong_{r}.csv"
    stamp = int(time.time())
    for r in range(runs + 1):
        sh(f"{WORLD} wrong {world.n} {lines} > {path(r)} && echo 'n/a {stamp} {r},PARTY-1012' >> {path(r)}")
    right = [transfer_file(world.n, lines, "random", stamp + r // 2, r % 2 == 1)[1] for r in range(runs + 1)]
    took, _ = in_turn(runs, {
        "all wrong": lambda r: product_transfer(world, path(r), "wrong_RSP.csv"),
        "all right": lambda r: product_transfer(world, right[r], "right_RSP.csv"),
    })
    note(f"{lines:,} lines in {world.n:,} hubs, all wrong beside all right", wrong=round(median(took['all wrong']), 3),
         right=round(median(took['all right']), 3), ratio=round(median(took['all wrong']) / median(took['all right']), 2))


def summary(world, runs):
    stamp = int(time.time())
    files = [transfer_file(world.n, 1000, "clustered", stamp + r, False)[1] for r in range(runs + 1)]
    for file in files:
        lines = file.read_bytes().splitlines(keepends=True)[:897]
        file.write_bytes(b"".join(lines))
    took, _ = in_turn(runs, {"submit": lambda r: f"{world.hubstock} transfer-file submit {files[r]} {world.who('preparer')}"})
    note(f"896 lines in {world.n:,} hubs, from the upload to the summary (a whole process)", milliseconds=round(median(took['submit']) * 1000))


def report(world, runs):
    if world.postgres:
        bare = f"psql -qX -d product_{world.n} -c \"\\copy (SELECT id, gpf, pack, party, status, status_at, installed_at, last_move FROM hubs ORDER BY id) to 'bare.csv' csv\""
    else:
        bare = f"{LIMITS}/lite export inv_{world.n}.db bare.csv all"
    took, memory = in_turn(runs, {"product": lambda r: f"{world.hubstock} report delivery --out esi.csv", "bare": lambda r: bare})
    ours, theirs = median(took["product"]), median(took["bare"])
    note(f"ESI-013 over {world.n:,} hubs as CSV", seconds=round(ours, 2), bare_export=round(theirs, 2), rate=f"{world.n / ours:,.0f} rows/s",
         of_bare=round(theirs / ours, 2), peak_mib=round(memory["product"]))


def load(world, runs):
    """Deliveries into an empty product, and the same columns into a bare table by the engine's own bulk load."""
    n = min(world.n, 1_000_000)
    sh(f"{WORLD} deliveries {n} > {WORK}/load.csv")
    people = "; ".join(f"echo 'a password for benches' | {PRODUCT} --database load.db user add {p}@bench.example --name {p} --role {r} --password-stdin" for p, r in PEOPLE.items())
    sides = {
        "product": lambda r: f"{PRODUCT} --database load.db import deliveries load.csv --as operator@bench.example",
        "sqlite3 .import": lambda r: "rm -f bare.db; sqlite3 bare.db 'PRAGMA journal_mode=WAL' '.import --csv load.csv deliveries'",
    }
    took = {name: [] for name in sides}
    for run in range(runs + 1):
        sh(f"cd {WORK}; rm -f load.db*; {PRODUCT} --database load.db migrate; {people}; {PRODUCT} --database load.db import parties parties.csv --as admin@bench.example", stdout=subprocess.DEVNULL)
        for name, command in sides.items():
            seconds, mib = timed(command(run))
            if run:
                took[name].append(seconds)
    ours, theirs = median(took["product"]), median(took["sqlite3 .import"])
    note(f"loading {n:,} deliveries", product=f"{n / ours:,.0f} hubs/s", engine=f"{n / theirs:,.0f} rows/s", of_engine=round(theirs / ours, 2))


def serve(world, runs):
    """Start to first answer, and the latency of reads under 50 clients, on loopback."""
    port = 18140
    starts = []
    for run in range(runs):
        began = time.monotonic()
        server = subprocess.Popen(shlex.split(world.hubstock) + ["serve", "--listen", f"127.0.0.1:{port}", "--no-jobs"], cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.005)
            if time.monotonic() - began > 60:
                sys.exit("the server did not answer")
        starts.append(time.monotonic() - began)
        if run < runs - 1:
            server.terminate(); server.wait()
    note(f"start to first answer with {world.n:,} hubs", milliseconds=round(median(starts) * 1000))
    try:
        latency(world, port)
    finally:
        server.terminate(); server.wait()


def latency(world, port):
    token = sh(f"{world.hubstock} user token operator@bench.example --name bench", capture_output=True, text=True).stdout.strip().split()[-1]
    paths = ["/api/v1/stock?party=PARTY-1007", "/api/v1/hubs/00-1D-24-00-00-00-04-05", "/api/v1/hubs?pallet=PAL000101", "/api/v1/transfer-files", "/api/v1/hubs?party=PARTY-1007&status=Pending"]
    # Fifty people who read, each a page every quarter of a second; then fifty programs that never pause.
    for pause, requests in ((250, 40), (0, 200)):
        for path in paths:
            answer = sh(f"{WORLD} clients 127.0.0.1:{port} '{path}' {token} 50 {requests} {pause}", capture_output=True, text=True).stdout.split()
            p50, p99, most = (int(micros) / 1000 for micros in answer[:3])
            note(f"{path} under 50 clients with {pause} ms between their requests, {world.n:,} hubs", p50_ms=round(p50, 1), p99_ms=round(p99, 1),
                 longest_ms=round(most, 1), a_second=answer[3], bad=answer[4])


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("what"); words.add_argument("hubs", type=int); words.add_argument("rest", nargs="*")
    words.add_argument("--postgres", action="store_true"); words.add_argument("--runs", type=int, default=5); words.add_argument("--json")
    a = words.parse_args()
    WORK.mkdir(exist_ok=True)
    world = World(a.hubs, a.postgres)
    print(f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, {'PostgreSQL' if a.postgres else 'SQLite'}", flush=True)
    if a.what == "prepare": prepare(world)
    elif a.what == "transfer": transfer(world, int(a.rest[0]), a.rest[1], a.runs)
    elif a.what == "wrong": wrong(world, int(a.rest[0]), a.runs)
    elif a.what == "summary": summary(world, a.runs)
    elif a.what == "report": report(world, a.runs)
    elif a.what == "load": load(world, a.runs)
    elif a.what == "serve": serve(world, a.runs)
    elif a.what == "all":
        for lines in (1_000, 10_000, 100_000):
            for how in ("clustered", "random"):
                transfer(world, lines, how, a.runs)
        wrong(world, 100_000, a.runs); summary(world, a.runs); report(world, a.runs); load(world, a.runs); serve(world, a.runs)
    else: words.error(f"no such measurement: {a.what}")
    if a.json:
        path = pathlib.Path(a.json)
        known = json.loads(path.read_text()) if path.exists() else []
        path.write_text(json.dumps(known + [dict(f, postgres=a.postgres) for f in FIGURES], indent=1))


if __name__ == "__main__":
    main()
