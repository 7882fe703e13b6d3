-- What an operator did about a dead letter: sent it again (repaired or as it was), or dismissed it with a reason.
alter table dead_letter rename column redriven_at to settled_at;
alter table dead_letter add column outcome text check (outcome in ('redriven', 'dismissed'));
alter table dead_letter add column settled_by text;
alter table dead_letter add column reason text;
update dead_letter set outcome = 'redriven' where settled_at is not null;
alter table dead_letter add constraint dead_letter_settled check ((settled_at is null) = (outcome is null));
create index dead_letter_open on dead_letter (at) where settled_at is null;
