CREATE SCHEMA tasksync;
CREATE TABLE tasksync.entries (
    project text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    id bigint NOT NULL,
    asked bytea NOT NULL,
    found bytea NOT NULL,
    block bytea NOT NULL,
    mask integer NOT NULL,
    deferred boolean NOT NULL,
    body text NOT NULL,
    created bigint DEFAULT 1 NOT NULL
);
CREATE TABLE tasksync.format (
    version integer NOT NULL
);
CREATE TABLE tasksync.intents (
    project text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    body text NOT NULL
);
ALTER TABLE tasksync.intents ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasksync.intents_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE tasksync.leases (
    project text NOT NULL,
    id text NOT NULL,
    fence bigint NOT NULL,
    holder text NOT NULL,
    since timestamp with time zone NOT NULL,
    heartbeat timestamp with time zone NOT NULL,
    ttl double precision NOT NULL
);
CREATE TABLE tasksync.projects (
    project text NOT NULL,
    lineage text DEFAULT ''::text NOT NULL,
    serial bigint DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    change text DEFAULT ''::text NOT NULL,
    identity text DEFAULT 'null'::text NOT NULL,
    files text DEFAULT '[]'::text NOT NULL,
    released text DEFAULT '[]'::text NOT NULL,
    directory text DEFAULT '{}'::text NOT NULL
);
CREATE TABLE tasksync.runs (
    project text NOT NULL,
    id text NOT NULL,
    seq bigint NOT NULL,
    body text NOT NULL
);
ALTER TABLE tasksync.runs ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME tasksync.runs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO tasksync.entries VALUES ('finance-q2', 'b', 3873, '\xb3c38fa791e967818340293c8382449e', '\x4564cb687d7d0529d0fee257ece8f5c8', '\xbc30a53889b016a501307674342c2f04', 1029, false, '{"id":3873,"asked":{"title":"Count all keys","responsibleId":14,"parentId":{"key":"report"}},"made":{"parentId":3871},"block":"bc30a53889b016a501307674342c2f04","created":"2026-11-27T20:49:33+03:00"}', 1795801773);
INSERT INTO tasksync.entries VALUES ('finance-q2', 'report', 3871, '\x3fe800bad75cf90a4f3b2dc0e0a36a90', '\x3fe800bad75cf90a4f3b2dc0e0a36a90', '\xebf3c0a34d07713691687acdc180262e', 37, false, '{"id":3871,"asked":{"deadline":"2027-03-01T18:00:00+01:00","responsibleId":1,"title":"Prüfung “Q2”"},"block":"ebf3c0a34d07713691687acdc180262e","created":"2026-11-27T20:49:33+03:00"}', 1795801773);
INSERT INTO tasksync.format VALUES (2);
INSERT INTO tasksync.projects VALUES ('finance-q2', '631f6b6eaa144e67a47217147b5a31b2', 11, 1, 'e601acedbe734f39b8e86bddd7ee2429', '{"portal":"sandbox.bitrix24.example","owner":"Current user (user 1)","requestsPerSecond":10.0}', '["tasksync.yaml"]', '[]', '{"people":{},"groups":{}}');
INSERT INTO tasksync.runs OVERRIDING SYSTEM VALUE VALUES ('finance-q2', '6ff8cf3ff8384a178f86bbfa1458dead', 1, '{"id":"6ff8cf3ff8384a178f86bbfa1458dead","at":"2026-11-27T17:49:33.315746+00:00","outcome":"complete","plan":"sha256:ffbe8da3d057162dba73bc7505675b78f1ac3a8b13ae8547cfceff94cb0b97f7","serial":0,"began":true}');
INSERT INTO tasksync.runs OVERRIDING SYSTEM VALUE VALUES ('finance-q2', '76ffe20868464fa782f54cf98e968120', 2, '{"id":"76ffe20868464fa782f54cf98e968120","at":"2026-11-27T17:49:38.167707+00:00","outcome":"complete","plan":"","serial":7}');
SELECT pg_catalog.setval('tasksync.intents_seq_seq', 1, false);
SELECT pg_catalog.setval('tasksync.runs_seq_seq', 2, true);
ALTER TABLE ONLY tasksync.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (project, key);
ALTER TABLE ONLY tasksync.intents
    ADD CONSTRAINT intents_pkey PRIMARY KEY (project, key);
ALTER TABLE ONLY tasksync.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (project);
ALTER TABLE ONLY tasksync.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (project);
ALTER TABLE ONLY tasksync.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (project, id);
