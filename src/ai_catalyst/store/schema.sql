CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE articles (
    id INTEGER NOT NULL,
    identity TEXT NOT NULL,
    url TEXT NOT NULL,
    guid TEXT NOT NULL,
    title TEXT NOT NULL,
    published TEXT,
    summary TEXT NOT NULL,
    content TEXT NOT NULL,
    authors TEXT NOT NULL,
    tags TEXT NOT NULL,
    page TEXT,
    analysis TEXT,
    saved FLOAT NOT NULL,
    updated FLOAT NOT NULL,
    CONSTRAINT pk_articles PRIMARY KEY (id),
    CONSTRAINT uq_articles_identity UNIQUE (identity)
);
CREATE TABLE cache (
    id INTEGER NOT NULL,
    size INTEGER NOT NULL,
    expires FLOAT NOT NULL,
    used FLOAT NOT NULL,
    saved FLOAT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    "key" TEXT NOT NULL,
    value BLOB NOT NULL,
    CONSTRAINT pk_cache PRIMARY KEY (id)
);
CREATE TABLE costs (
    id INTEGER NOT NULL,
    at FLOAT NOT NULL,
    run TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_usd FLOAT NOT NULL,
    outcome TEXT NOT NULL,
    CONSTRAINT pk_costs PRIMARY KEY (id)
);
CREATE TABLE egress (
    id INTEGER NOT NULL,
    at FLOAT NOT NULL,
    run TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    host TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    findings TEXT NOT NULL,
    CONSTRAINT pk_egress PRIMARY KEY (id)
);
CREATE TABLE journal (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "key" BLOB NOT NULL,
    label TEXT NOT NULL,
    state TEXT NOT NULL,
    value BLOB,
    error TEXT,
    run TEXT NOT NULL,
    stage TEXT NOT NULL,
    updated FLOAT NOT NULL
);
CREATE TABLE journal_index (
    entry INTEGER NOT NULL,
    CONSTRAINT pk_journal_index PRIMARY KEY (entry)
);
CREATE TABLE leases (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,
    keys BLOB NOT NULL,
    labels TEXT NOT NULL
);
CREATE TABLE marks (
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    CONSTRAINT pk_marks PRIMARY KEY (name)
)
 WITHOUT ROWID

;
CREATE TABLE owners (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat INTEGER NOT NULL,
    expires FLOAT NOT NULL
);
CREATE TABLE run_items (
    run TEXT NOT NULL,
    position INTEGER NOT NULL,
    "key" BLOB,
    uri TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    error TEXT,
    meta TEXT,
    CONSTRAINT pk_run_items PRIMARY KEY (run, position)
)
 WITHOUT ROWID

;
CREATE TABLE runs (
    id TEXT NOT NULL,
    started FLOAT NOT NULL,
    finished FLOAT,
    command TEXT NOT NULL,
    options TEXT NOT NULL,
    status TEXT NOT NULL,
    counts TEXT NOT NULL,
    CONSTRAINT pk_runs PRIMARY KEY (id)
);
CREATE INDEX ix_articles_published ON articles (published);
CREATE INDEX ix_cache_used_size ON cache (used, size);
CREATE INDEX ix_costs_at ON costs (at);
CREATE INDEX ix_egress_at ON egress (at);
CREATE INDEX ix_journal_failed ON journal (stage) WHERE state = 'failed';
CREATE INDEX ix_runs_started ON runs (started);
INSERT INTO alembic_version (version_num) VALUES ('0001');
