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
CREATE TABLE assistant_documents (
    id TEXT NOT NULL,
    uri TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    pages INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    meta TEXT NOT NULL,
    created FLOAT NOT NULL,
    CONSTRAINT pk_assistant_documents PRIMARY KEY (id),
    CONSTRAINT uq_assistant_documents_uri UNIQUE (uri)
);
CREATE TABLE assistant_invitations (
    token BLOB NOT NULL,
    role TEXT NOT NULL,
    expires FLOAT NOT NULL,
    used FLOAT,
    CONSTRAINT pk_assistant_invitations PRIMARY KEY (token)
);
CREATE TABLE assistant_job_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    at FLOAT NOT NULL,
    event TEXT NOT NULL,
    data TEXT NOT NULL,
    CONSTRAINT fk_assistant_job_events_job FOREIGN KEY(job) REFERENCES assistant_jobs (id) ON DELETE CASCADE
);
CREATE TABLE assistant_job_items (
    job TEXT NOT NULL,
    position INTEGER NOT NULL,
    document TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    holder TEXT,
    until FLOAT NOT NULL,
    CONSTRAINT pk_assistant_job_items PRIMARY KEY (job, position),
    CONSTRAINT fk_assistant_job_items_job FOREIGN KEY(job) REFERENCES assistant_jobs (id) ON DELETE CASCADE
);
CREATE TABLE assistant_jobs (
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    status TEXT NOT NULL,
    total INTEGER NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error TEXT,
    created FLOAT NOT NULL,
    updated FLOAT NOT NULL,
    CONSTRAINT pk_assistant_jobs PRIMARY KEY (id)
);
CREATE TABLE assistant_limits (
    name TEXT NOT NULL,
    until FLOAT NOT NULL,
    CONSTRAINT pk_assistant_limits PRIMARY KEY (name)
);
CREATE TABLE assistant_sessions (
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    refresh BLOB NOT NULL,
    previous BLOB,
    created FLOAT NOT NULL,
    expires FLOAT NOT NULL,
    revoked FLOAT,
    CONSTRAINT pk_assistant_sessions PRIMARY KEY (id),
    CONSTRAINT fk_assistant_sessions_owner FOREIGN KEY(owner) REFERENCES assistant_users (id) ON DELETE CASCADE
);
CREATE TABLE assistant_users (
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    username TEXT NOT NULL,
    role TEXT NOT NULL,
    password TEXT NOT NULL,
    created FLOAT NOT NULL,
    disabled INTEGER NOT NULL,
    CONSTRAINT pk_assistant_users PRIMARY KEY (id),
    CONSTRAINT uq_assistant_users_email UNIQUE (email)
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
CREATE TABLE feeds (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    digest BLOB,
    title TEXT NOT NULL,
    moved_to TEXT NOT NULL,
    checked FLOAT NOT NULL,
    changed FLOAT NOT NULL,
    due FLOAT NOT NULL,
    failures INTEGER NOT NULL,
    CONSTRAINT uq_feeds_url UNIQUE (url)
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
CREATE TABLE passages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    collection TEXT NOT NULL,
    document TEXT NOT NULL,
    position INTEGER NOT NULL,
    heading TEXT NOT NULL,
    page INTEGER,
    text TEXT NOT NULL,
    embedder TEXT,
    vector BLOB
);
CREATE TABLE pdf_corrections (
    id INTEGER NOT NULL,
    record INTEGER NOT NULL,
    field TEXT NOT NULL,
    at FLOAT NOT NULL,
    who TEXT NOT NULL,
    "before" TEXT NOT NULL,
    "after" TEXT NOT NULL,
    CONSTRAINT pk_pdf_corrections PRIMARY KEY (id),
    CONSTRAINT fk_pdf_corrections_record FOREIGN KEY(record) REFERENCES pdf_records (id) ON DELETE CASCADE
);
CREATE TABLE pdf_documents (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL,
    pages INTEGER NOT NULL,
    pages_digest TEXT NOT NULL,
    updated FLOAT NOT NULL,
    CONSTRAINT uq_pdf_documents_sha256 UNIQUE (sha256)
);
CREATE TABLE pdf_fields (
    record INTEGER NOT NULL,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    page INTEGER,
    quote TEXT,
    box TEXT,
    confidence FLOAT,
    source TEXT,
    CONSTRAINT pk_pdf_fields PRIMARY KEY (record, position),
    CONSTRAINT fk_pdf_fields_record FOREIGN KEY(record) REFERENCES pdf_records (id) ON DELETE CASCADE
);
CREATE TABLE pdf_pages (
    id INTEGER NOT NULL,
    document INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    layout TEXT NOT NULL,
    width FLOAT NOT NULL,
    height FLOAT NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT pk_pdf_pages PRIMARY KEY (id),
    CONSTRAINT uq_pdf_pages_document_number UNIQUE (document, number),
    CONSTRAINT fk_pdf_pages_document FOREIGN KEY(document) REFERENCES pdf_documents (id) ON DELETE CASCADE
);
CREATE TABLE pdf_records (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    method TEXT NOT NULL,
    outcome TEXT NOT NULL,
    digest TEXT NOT NULL,
    saved FLOAT NOT NULL,
    CONSTRAINT uq_pdf_records_document_digest UNIQUE (document, digest),
    CONSTRAINT fk_pdf_records_document FOREIGN KEY(document) REFERENCES pdf_documents (id) ON DELETE CASCADE
);
CREATE TABLE poisoned (
    stage TEXT NOT NULL,
    label TEXT NOT NULL,
    "key" BLOB NOT NULL,
    run TEXT NOT NULL,
    deaths INTEGER NOT NULL,
    error TEXT NOT NULL,
    at FLOAT NOT NULL,
    CONSTRAINT pk_poisoned PRIMARY KEY (stage, label, "key")
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
CREATE TABLE shards (
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    first BIGINT NOT NULL,
    count INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    owner TEXT NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error TEXT,
    sources BLOB NOT NULL,
    CONSTRAINT pk_shards PRIMARY KEY (run, number)
);
CREATE TABLE shared_leases (
    "key" BLOB NOT NULL,
    ticket INTEGER NOT NULL,
    owner INTEGER,
    label TEXT NOT NULL,
    run TEXT NOT NULL,
    stage TEXT NOT NULL,
    deaths INTEGER NOT NULL,
    CONSTRAINT pk_shared_leases PRIMARY KEY ("key")
);
CREATE TABLE shared_owners (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat FLOAT NOT NULL,
    lease_s FLOAT NOT NULL,
    dead BOOLEAN NOT NULL
);
CREATE VIRTUAL TABLE passages_search USING fts5(collection, heading, text, content='passages', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE pdf_search USING fts5(text, content='pdf_pages', content_rowid='id', tokenize='unicode61 remove_diacritics 2');
CREATE INDEX ix_articles_published ON articles (published);
CREATE INDEX ix_assistant_documents_owner_created ON assistant_documents (owner, created);
CREATE INDEX ix_assistant_job_events_job_id ON assistant_job_events (job, id);
CREATE INDEX ix_assistant_job_items_status_until ON assistant_job_items (status, until);
CREATE INDEX ix_assistant_jobs_owner_created ON assistant_jobs (owner, created);
CREATE INDEX ix_assistant_sessions_owner ON assistant_sessions (owner);
CREATE INDEX ix_cache_used_size ON cache (used, size);
CREATE INDEX ix_costs_at ON costs (at);
CREATE INDEX ix_egress_at ON egress (at);
CREATE INDEX ix_feeds_due ON feeds (due);
CREATE INDEX ix_journal_failed ON journal (stage) WHERE state = 'failed';
CREATE INDEX ix_passages_collection ON passages (collection);
CREATE INDEX ix_passages_document ON passages (document);
CREATE INDEX ix_pdf_corrections_record ON pdf_corrections (record);
CREATE INDEX ix_pdf_records_file_name ON pdf_records (file_name);
CREATE INDEX ix_runs_started ON runs (started);
CREATE INDEX ix_shared_leases_owner ON shared_leases (owner);
CREATE INDEX ix_shared_owners_name ON shared_owners (name);
CREATE TRIGGER passages_search_add AFTER INSERT ON passages BEGIN INSERT INTO passages_search(rowid, collection, heading, text) VALUES (new.id, new.collection, new.heading, new.text); END;
CREATE TRIGGER passages_search_remove AFTER DELETE ON passages BEGIN INSERT INTO passages_search(passages_search, rowid, collection, heading, text) VALUES ('delete', old.id, old.collection, old.heading, old.text); END;
CREATE TRIGGER pdf_records_forgotten AFTER DELETE ON pdf_records BEGIN DELETE FROM pdf_documents WHERE id = old.document; END;
CREATE TRIGGER pdf_search_add AFTER INSERT ON pdf_pages BEGIN INSERT INTO pdf_search(rowid, text) VALUES (new.id, new.text); END;
CREATE TRIGGER pdf_search_remove AFTER DELETE ON pdf_pages BEGIN INSERT INTO pdf_search(pdf_search, rowid, text) VALUES ('delete', old.id, old.text); END;
INSERT INTO alembic_version (version_num) VALUES ('0006');
