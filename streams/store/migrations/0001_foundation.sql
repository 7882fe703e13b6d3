-- The system of record of one realm. Every key begins with area, so that the data can be split by area.

-- One row per commanding city: locked and advanced by every transaction that touches it.
create table area_head (
    area text primary key check (area ~ '^[0-9]{4}00$'),
    seq bigint not null default 0,              -- last event: gapless, fence, order over all topics, `sequence`
    now timestamptz not null,                   -- the area's instant: never runs backwards
    chain bytea not null,                       -- hash chain over events and the inputs that caused them
    published bigint not null default 0,        -- events up to here are confirmed on their topics
    telemetry bigint not null default 0,        -- version of the positions
    partition integer not null                  -- home partition of the area's key
);
create index area_head_unpublished on area_head (area) where published < seq;
create index area_head_partition on area_head (partition);

-- Where to go on reading: moved in the same transaction as what the records meant.
create table input_offset (
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    last_timestamp bigint,                      -- Kafka timestamp (ms) of the last applied record: proves the topic's identity
    primary key (topic, partition)
);

-- State: the fold of the recorded events, one row per entity.
create table state (
    area text not null,
    kind text not null,
    id text not null,
    incident text,
    resident boolean not null,                  -- decisions need it without being told its id
    due timestamptz,                            -- timers only
    seq bigint not null,                        -- event that last changed it
    body json not null,                         -- json, not jsonb: keeps the order of keys, so that reloaded state decides the same
    primary key (area, kind, id)
);
create index state_resident on state (area) where resident;
create index state_incident on state (area, incident) where incident is not null;
create index state_due on state (due) where due is not null;

-- Flight recorder: accepted inputs. `seq` is that of the first event the input caused.
create table recorder_input (
    area text not null,
    seq bigint not null,
    source text not null,
    id text not null,
    type text not null,
    digest bytea not null,
    now timestamptz not null,
    topic text not null,                        -- '' for timers
    partition integer not null,
    "offset" bigint not null,
    signature text,
    traceparent text,
    value bytea not null,
    primary key (area, seq)
);
create unique index recorder_input_identity on recorder_input (area, source, id);

-- Flight recorder: emitted events. Also the outbox: rows above area_head.published are still to be sent.
create table recorder_event (
    area text not null,
    seq bigint not null,
    id uuid not null,
    type text not null,
    topic text not null,
    key text not null,
    subject text not null,
    incident text,
    causation text not null,                    -- "source id" of the input, or the timer
    actor text,
    traceparent text,
    now timestamptz not null,
    chain bytea not null,
    data bytea not null,
    primary key (area, seq)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the flight recorder is append-only (% on %)', tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger recorder_input_immutable before update or delete on recorder_input
    for each statement execute function refuse_change();
create trigger recorder_event_immutable before update or delete on recorder_event
    for each statement execute function refuse_change();
create trigger recorder_input_kept before truncate on recorder_input
    for each statement execute function refuse_change();
create trigger recorder_event_kept before truncate on recorder_event
    for each statement execute function refuse_change();

-- Unreadable records, quarantined records and identity conflicts: their bytes, and whether the topic has them.
create table dead_letter (
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    area text,
    category text not null check (category in ('unreadable', 'fault', 'conflict')),
    code text not null,
    path text not null,
    message text not null,
    at timestamptz not null,
    timestamp bigint not null,                  -- Kafka timestamp (ms) of the record
    key bytea,
    headers json not null,                      -- [[name, base64 of value or null], ...]; names may hold \u0000
    value bytea,
    published boolean not null default false,
    redriven_at timestamptz,
    primary key (topic, partition, "offset")
);
create index dead_letter_unpublished on dead_letter (topic, partition) where not published;

-- Positions: coalesced telemetry, versioned by area_head.telemetry.
create table position (
    area text not null,
    resource text not null,
    lat double precision not null,
    lon double precision not null,
    observed_at timestamptz not null,
    primary key (area, resource)
);

-- Policy versions that areas may adopt: all files of one version.
create table policy_document (
    version text primary key,
    files jsonb not null,
    stored_at timestamptz not null default now()
);

-- Partitions other than its own in which an area's records were seen (foreign partitioners).
create table foreign_partition (
    area text not null,
    partition integer not null,
    primary key (area, partition)
);
