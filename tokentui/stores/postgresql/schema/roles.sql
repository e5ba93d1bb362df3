-- Roles belong to the whole server: another database of it may have made them.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tokentui_manager', 'tokentui_verifier', 'tokentui_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END $$;
-- Anybody may create it who owns the database.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
