-- AL-10: a resource is never promised beyond what there is. Workers see to it by the single order of an area; these
-- constraints hold even if one decided on a stale state. Stages: OPEN_STAGES and what has left (a test compares them).

-- One live commitment a unit.
create unique index state_unit_committed_once on state (area, (body ->> 'resource'))
where kind = 'commitment'
    and body ->> 'form' = 'unit'
    and body ->> 'stage' in ('committed', 'reserved', 'ordered', 'accepted', 'en_route', 'on_scene', 'occupied', 'shipped', 'delivered');

-- What a resource row says about itself.
alter table state add constraint state_resource_within_stock check (
    kind <> 'resource'
    or (body ->> 'held')::integer between 0 and (body ->> 'quantity')::integer
);

-- What all commitments of beds or stock hold together, whatever the resource row says.
create index state_part_committed on state (area, (body ->> 'resource'))
where kind = 'commitment'
    and body ->> 'form' <> 'unit'
    and body ->> 'stage' in ('committed', 'reserved', 'ordered', 'accepted', 'en_route', 'on_scene');

create function refuse_overcommitment() returns trigger language plpgsql as $$
declare
    held bigint;
    there bigint;
begin
    select coalesce(sum((body ->> 'quantity')::bigint), 0) into held
    from state
    where kind = 'commitment'
        and area = new.area
        and body ->> 'resource' = new.body ->> 'resource'
        and body ->> 'form' <> 'unit'
        and body ->> 'stage' in ('committed', 'reserved', 'ordered', 'accepted', 'en_route', 'on_scene');
    select (body ->> 'quantity')::bigint into there
    from state where area = new.area and kind = 'resource' and id = new.body ->> 'resource';
    if held > coalesce(there, 0) then
        raise exception 'resource % of area % has %, its commitments hold %', new.body ->> 'resource', new.area, coalesce(there, 0), held
            using errcode = 'check_violation', constraint = 'state_part_committed';
    end if;
    return null;
end $$;

-- Deferred: a batch may write a commitment before the resource that it frees.
create constraint trigger state_part_within_stock after insert or update on state
deferrable initially deferred
for each row
when (new.kind = 'commitment'
      and new.body ->> 'form' <> 'unit'
      and new.body ->> 'stage' in ('committed', 'reserved', 'ordered', 'accepted', 'en_route', 'on_scene'))
execute function refuse_overcommitment();
