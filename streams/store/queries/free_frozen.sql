-- Ends sessions of workers that stopped in the middle of sending (COPY, a large parameter): PostgreSQL's own time-outs
-- do not apply there, and the locks of the transaction would stand as long as the worker does.
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and usename = current_user and application_name = 'liandong'
    and state = 'active' and wait_event = 'ClientRead' and pid <> pg_backend_pid()
    and state_change < clock_timestamp() - make_interval(secs => $1::double precision)
