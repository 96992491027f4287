--
-- PostgreSQL database dump
--

\restrict mFMKVNAPcrus7GrYpkaT2gWGtaUPue52VWsSNPu0pW8Ar3LdRiSuFuryDeMsrSr

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: espstation; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA espstation;


--
-- Name: account(integer, bigint, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.account(p_record integer, p_after bigint, p_upto bigint) RETURNS TABLE(what text, text text, run bigint, other_station text, other_run bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE e lease; r run; n lease_end; k correction; first_id integer; BEGIN  SELECT coalesce(max(id), 0) INTO first_id FROM twice;  FOR e IN SELECT * FROM lease AS x WHERE x.record = p_record AND x.link > p_after   AND x.link <= p_upto ORDER BY x.link LOOP PERFORM account_lease(p_record, e); END LOOP;  FOR r IN SELECT * FROM run AS x WHERE x.record = p_record AND x.link > p_after   AND x.link <= p_upto AND x.claim IS NOT NULL ORDER BY x.link LOOP   PERFORM account_run(p_record, r);  END LOOP;  FOR n IN SELECT * FROM lease_end AS x WHERE x.record = p_record AND x.link > p_after   AND x.link <= p_upto ORDER BY x.link LOOP PERFORM account_lease_end(p_record, n);  END LOOP;  FOR k IN SELECT * FROM correction AS x WHERE x.record = p_record AND x.link > p_after   AND x.link <= p_upto AND x.verdict = 'FAIL' ORDER BY x.link LOOP   PERFORM account_correction(p_record, k);  END LOOP;  INSERT INTO twice (what, text, record, run, other_record, other_run)   SELECT 'serial', u.serial, p_record, u.run, f.of_record, f.run FROM unit AS u    CROSS JOIN LATERAL serial_elsewhere(p_record, u.serial, (SELECT b.mac FROM lineage AS w     JOIN board AS b ON b.record = w.ancestor AND b.link <= w.upto WHERE w.record = p_record     AND b.id = u.board)) AS f WHERE u.record = p_record AND u.link > p_after    AND u.link <= p_upto AND u.serial IS NOT NULL;  RETURN QUERY SELECT t.what, t.text, t.run, (SELECT s.name FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station WHERE o.id = t.other_record), t.other_run   FROM twice AS t WHERE t.id > first_id AND t.record = p_record ORDER BY t.id; END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: correction; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.correction (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    run bigint NOT NULL,
    verdict text,
    operator text NOT NULL,
    reason text NOT NULL,
    host text NOT NULL,
    made_utc timestamp with time zone NOT NULL
);


--
-- Name: account_correction(integer, espstation.correction); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.account_correction(p_record integer, k espstation.correction) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE r run%ROWTYPE; lot_name text; elsewhere boolean; BEGIN  SELECT x.* INTO r FROM lineage AS y JOIN run AS x ON x.record = y.ancestor   AND x.link <= y.upto WHERE y.record = p_record AND x.id = k.run AND x.verdict = 'PASS';  IF NOT FOUND OR r.claim IS NULL AND r.lease IS NULL OR r.holds_place <> 1 THEN RETURN;  END IF;  lot_name := lot_of(r.record, r.lot);  elsewhere := EXISTS (SELECT 1 FROM passed_elsewhere(p_record, mac_of(r.record, r.board),   false, lot_name));  IF r.lease IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lineage AS y JOIN lease_end AS n   ON n.record = y.ancestor AND n.link <= y.upto WHERE y.record = p_record AND n.id = r.lease   AND n.link < k.link) THEN   PERFORM add_taken(lot_name, elsewhere::integer);   RETURN;  END IF;  IF elsewhere THEN RETURN; END IF;  IF EXISTS (SELECT 1 FROM run AS o WHERE o.record = r.record AND o.board = r.board   AND o.lot = r.lot AND o.id <> r.id AND o.verdict = 'PASS' AND NOT EXISTS (SELECT 1    FROM correction AS m WHERE m.record = p_record AND m.run = o.id AND m.verdict = 'FAIL'    AND m.link <= k.link)) THEN RETURN;  END IF;  PERFORM add_taken(lot_name, -1); END $$;


--
-- Name: lease; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.lease (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    number bigint NOT NULL,
    kind text NOT NULL,
    lot bigint,
    places bigint,
    counter text,
    first bigint,
    last bigint,
    step bigint,
    operator text,
    taken_utc timestamp with time zone NOT NULL,
    until_utc timestamp with time zone,
    boot_id text,
    until_boot_ms bigint
);


--
-- Name: account_lease(integer, espstation.lease); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.account_lease(p_record integer, e espstation.lease) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE lot_name text; BEGIN  IF EXISTS (SELECT 1 FROM claim WHERE id = e.number AND record = p_record) THEN RETURN;  END IF;  lot_name := lot_of(p_record, e.lot);  INSERT INTO claim (id, record, process, kind, lot, places, counter, first, last, operator,   made_utc, until_utc) VALUES (e.number, p_record, 0, e.kind, lot_name,   coalesce(e.places, 0), e.counter, e.first, e.last, e.operator, e.taken_utc, e.until_utc);  PERFORM add_taken(lot_name, coalesce(e.places, 0));  IF e.kind = 'numbers' THEN   INSERT INTO series AS s VALUES (e.counter, e.last::numeric + e.step)    ON CONFLICT (counter) DO UPDATE SET next = greatest(s.next, EXCLUDED.next);  END IF; END $$;


--
-- Name: lease_end; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.lease_end (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    ended_utc timestamp with time zone NOT NULL,
    used bigint NOT NULL,
    why text NOT NULL
);


--
-- Name: account_lease_end(integer, espstation.lease_end); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.account_lease_end(p_record integer, n espstation.lease_end) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE c claim%ROWTYPE; BEGIN  DELETE FROM claim WHERE record = p_record AND id = (SELECT e.number FROM lineage AS y   JOIN lease AS e ON e.record = y.ancestor AND e.link <= y.upto WHERE y.record = p_record   AND e.id = n.id) RETURNING * INTO c;  IF FOUND AND c.kind = 'places' THEN   PERFORM add_taken(c.lot, n.used - CASE WHEN c.lost_utc IS NULL THEN c.places    ELSE c.lost_used END);  END IF; END $$;


--
-- Name: run; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.run (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    process bigint NOT NULL,
    lot bigint,
    recipe bigint NOT NULL,
    slot integer NOT NULL,
    port text NOT NULL,
    operator text,
    started_utc timestamp with time zone NOT NULL,
    board bigint,
    seen_chip text,
    seen_revision integer,
    seen_flash_id bigint,
    seen_flash_bytes bigint,
    ended_utc timestamp with time zone,
    duration_ms bigint,
    verdict text NOT NULL,
    code text NOT NULL,
    sentence text,
    hint text,
    board_state text NOT NULL,
    app_text text,
    holds_place integer NOT NULL,
    rework_of bigint,
    rework_reason text,
    golden integer,
    lease bigint,
    claim bigint,
    CONSTRAINT run_check CHECK ((run_utc = started_utc))
)
PARTITION BY RANGE (run_utc);


--
-- Name: account_run(integer, espstation.run); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.account_run(p_record integer, r espstation.run) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE c claim%ROWTYPE; f record; lot_name text := lot_of(p_record, r.lot);  passes boolean; counts boolean; asks boolean; BEGIN  DELETE FROM claim WHERE id = r.claim AND record = p_record AND kind = 'board'   RETURNING * INTO c;  passes := r.verdict = 'PASS' AND coalesce(r.golden, 0) = 0;  counts := passes AND r.holds_place = 1 AND NOT EXISTS   (SELECT 1 FROM run AS o WHERE o.record = r.record AND o.board = r.board AND o.lot = r.lot    AND o.verdict = 'PASS' AND o.link < r.link AND NOT EXISTS (SELECT 1 FROM correction AS m     WHERE m.record = p_record AND m.run = o.id AND m.verdict = 'FAIL' AND m.link < r.link));  SELECT * INTO f FROM passed_elsewhere(p_record, mac_of(p_record, r.board), r.claim = -1   OR c.rule = 'ever', lot_name) WHERE passes;  asks := r.claim IN (0, -1) OR c.rule IN ('lot', 'ever');  IF f.of_record IS NOT NULL AND asks AND r.rework_of IS NULL THEN   INSERT INTO twice (what, text, record, run, other_record, other_run) VALUES ('board',    mac_of(p_record, r.board), p_record, r.id, f.of_record, f.run);  END IF;  counts := counts AND NOT coalesce(f.in_lot, false);  IF r.lease IS NOT NULL AND passes AND r.holds_place = 1 AND NOT counts THEN   PERFORM add_taken(lot_name, -1);  END IF;  IF c.id IS NOT NULL THEN   PERFORM add_taken(c.lot, CASE WHEN counts AND c.places > 0 THEN 1 ELSE 0 END    - CASE WHEN c.lost_utc IS NULL THEN c.places ELSE c.lost_used END);  ELSIF counts AND r.claim > 0 AND r.lease IS NULL THEN   PERFORM add_taken(lot_name, 1);  END IF; END $$;


--
-- Name: add_taken(text, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.add_taken(p_lot text, p_places bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN  UPDATE quota SET taken = greatest(0, taken + p_places) WHERE lot = p_lot AND p_places <> 0; END $$;


--
-- Name: ask_board(bigint, integer, bigint, bigint, text, text, text, text, bigint, boolean, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.ask_board(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_mac text, p_rule text, p_lot text, p_quantity bigint, p_wants_place boolean, p_serial text, OUT answer text, OUT other text, OUT run bigint, OUT at text, OUT taken bigint, OUT quantity bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE c claim%ROWTYPE; found_run record; has_place boolean := NOT p_wants_place; BEGIN  answer := 'older';  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;  answer := 'quantity';  IF p_lot IS NOT NULL AND NOT open_quota(p_lot, p_quantity) THEN   SELECT q.quantity INTO quantity FROM quota AS q WHERE q.lot = p_lot;   RETURN;  END IF;  IF p_mac <> '' THEN   PERFORM pg_advisory_xact_lock(hashtext('espstation.mac'), hashtext(CASE length(p_mac) WHEN 23 THEN substr(p_mac, 1, 8) || substr(p_mac, 15) ELSE p_mac END));  END IF;  IF p_mac <> '' AND p_rule <> 'allow' THEN   SELECT x.record, x.made_utc INTO found_run FROM claim AS x WHERE x.kind = 'board'    AND CASE length(x.mac) WHEN 23 THEN substr(x.mac, 1, 8) || substr(x.mac, 15) ELSE x.mac END = CASE length(p_mac) WHEN 23 THEN substr(p_mac, 1, 8) || substr(p_mac, 15) ELSE p_mac END AND x.record <> p_record    AND x.lost_utc IS NULL AND (p_rule = 'ever' OR x.lot = p_lot) LIMIT 1;   IF FOUND THEN    answer := 'open'; other := (SELECT s.name FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station WHERE o.id = found_run.record);    at := to_char(found_run.made_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');    RETURN;   END IF;  END IF;  IF p_mac <> '' AND (p_lot IS NOT NULL OR p_rule = 'ever') THEN   SELECT * INTO found_run FROM passed_elsewhere(p_record, p_mac, p_rule = 'ever', p_lot);   IF FOUND AND p_rule <> 'allow' THEN    answer := 'passed'; other := (SELECT s.name FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station WHERE o.id = found_run.of_record);    run := found_run.run; at := found_run.at;    RETURN;   END IF;   has_place := has_place OR (FOUND AND found_run.in_lot);  END IF;  IF p_serial <> '' THEN   SELECT * INTO found_run FROM serial_elsewhere(p_record, p_serial, p_mac);   IF FOUND THEN    answer := 'serial'; other := (SELECT s.name FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station WHERE o.id = found_run.of_record);    run := found_run.run;    RETURN;   END IF;  END IF;  SELECT * INTO c FROM claim WHERE id = p_id AND record = p_record;  IF NOT FOUND THEN   INSERT INTO claim (id, record, process, kind, lot, mac, rule) VALUES (p_id, p_record,    p_process, 'board', p_lot, nullif(p_mac, ''), p_rule) RETURNING * INTO c;  ELSIF p_mac <> '' THEN   UPDATE claim SET mac = p_mac WHERE id = p_id;  END IF;  answer := 'ok';  IF has_place OR p_lot IS NULL OR c.places > 0 THEN RETURN; END IF;  UPDATE quota AS q SET taken = q.taken + 1 WHERE q.lot = p_lot AND q.taken < q.quantity;  IF FOUND THEN   UPDATE claim SET places = 1 WHERE id = p_id;   RETURN;  END IF;  answer := 'no-place';  SELECT q.taken, q.quantity INTO taken, quantity FROM quota AS q WHERE q.lot = p_lot; END $$;


--
-- Name: ask_numbers(bigint, integer, bigint, bigint, text, text, bigint, bigint, bigint, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.ask_numbers(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_counter text, p_start bigint, p_end bigint, p_step bigint, p_count bigint, OUT answer text, OUT first bigint, OUT last bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE n numeric; BEGIN  answer := 'older';  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;  INSERT INTO series VALUES (p_counter, p_start) ON CONFLICT DO NOTHING;  SELECT s.next INTO n FROM series AS s WHERE s.counter = p_counter FOR UPDATE;  n := greatest(n, p_start);  n := p_start + ceil((n - p_start) / p_step) * p_step;  answer := 'no-number';  IF n > p_end THEN RETURN; END IF;  answer := 'ok';  first := n;  last := n + least(p_count - 1, div(p_end - n, p_step)) * p_step;  UPDATE series AS s SET next = last::numeric + p_step WHERE s.counter = p_counter;  INSERT INTO claim (id, record, process, kind, counter, first, last)   VALUES (p_id, p_record, p_process, 'numbers', p_counter, ask_numbers.first,    ask_numbers.last); END $$;


--
-- Name: ask_places(bigint, integer, bigint, bigint, text, text, bigint, bigint, bigint, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.ask_places(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_lot text, p_quantity bigint, p_places bigint, p_seconds bigint, p_operator text, OUT answer text, OUT places bigint, OUT taken bigint, OUT quantity bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN  answer := 'older';  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;  answer := 'quantity';  IF NOT open_quota(p_lot, p_quantity) THEN   SELECT q.quantity INTO quantity FROM quota AS q WHERE q.lot = p_lot;   RETURN;  END IF;  SELECT q.taken, q.quantity INTO taken, quantity FROM quota AS q WHERE q.lot = p_lot   FOR UPDATE;  places := greatest(0, least(p_places, quantity - taken));  answer := 'no-place';  IF places = 0 THEN RETURN; END IF;  answer := 'ok';  UPDATE quota AS q SET taken = q.taken + places WHERE q.lot = p_lot;  INSERT INTO claim (id, record, process, kind, lot, places, operator, until_utc)   VALUES (p_id, p_record, p_process, 'places', p_lot, ask_places.places, p_operator,    clock_timestamp() + p_seconds * interval '1 second'); END $$;


--
-- Name: count_attempt(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_attempt() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$ BEGIN  WITH s AS MATERIALIZED (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip, a.number, a.code, coalesce(a.baud_asked, 0) AS baud_asked, coalesce(a.baud, 0) AS baud, (coalesce(a.baud < a.baud_asked, false) OR coalesce(a.baud_why = 'stepped-down', false)) AS slower, CASE WHEN a.code = 'ok' AND a.duration_ms > 0 AND a.bytes_written > 0  THEN int8send(a.bytes_written * 1000 / a.duration_ms) END AS speed FROM fresh AS a JOIN (SELECT * FROM run WHERE record BETWEEN (SELECT min(record) FROM fresh) AND (SELECT max(record) FROM fresh) AND id BETWEEN (SELECT min(run) FROM fresh) AND (SELECT max(run) FROM fresh)) AS r ON r.record = a.record AND r.id = a.run AND r.run_utc = a.run_utc LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true WHERE (r.golden > 0) IS NOT TRUE), cells AS (INSERT INTO cell AS c (station, day, lot, slot, recipe, chip, retried, slower_runs, bytes_per_s)  SELECT station, day, lot, slot, recipe, chip, count(*) FILTER (WHERE code = 'ok' AND number > 1),   count(DISTINCT (record, run)) FILTER (WHERE slower), coalesce(string_agg(speed, ''), '')   FROM s GROUP BY station, day, lot, slot, recipe, chip  ON CONFLICT (station, day, lot, slot, recipe, chip) DO UPDATE SET retried = c.retried + EXCLUDED.retried,   slower_runs = c.slower_runs + EXCLUDED.slower_runs,   bytes_per_s = c.bytes_per_s || EXCLUDED.bytes_per_s RETURNING c.id, station, day, lot, slot, recipe, chip) INSERT INTO cell_rate AS k (cell, baud_asked, baud, attempts)  SELECT c.id, s.baud_asked, s.baud, count(*) FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip)  WHERE s.slower GROUP BY 1, 2, 3 ON CONFLICT (cell, baud_asked, baud)  DO UPDATE SET attempts = k.attempts + EXCLUDED.attempts; RETURN NULL; END $$;


--
-- Name: count_attempts_of(timestamp with time zone); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_attempts_of(first timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$ BEGIN  WITH s AS MATERIALIZED (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip, a.number, a.code, coalesce(a.baud_asked, 0) AS baud_asked, coalesce(a.baud, 0) AS baud, (coalesce(a.baud < a.baud_asked, false) OR coalesce(a.baud_why = 'stepped-down', false)) AS slower, CASE WHEN a.code = 'ok' AND a.duration_ms > 0 AND a.bytes_written > 0  THEN int8send(a.bytes_written * 1000 / a.duration_ms) END AS speed FROM (SELECT * FROM attempt WHERE run_utc >= first AND run_utc < first + interval '1 month') AS a JOIN (SELECT * FROM run WHERE run_utc >= first AND run_utc < first + interval '1 month') AS r ON r.record = a.record AND r.id = a.run AND r.run_utc = a.run_utc LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true WHERE (r.golden > 0) IS NOT TRUE), cells AS (INSERT INTO cell AS c (station, day, lot, slot, recipe, chip, retried, slower_runs, bytes_per_s)  SELECT station, day, lot, slot, recipe, chip, count(*) FILTER (WHERE code = 'ok' AND number > 1),   count(DISTINCT (record, run)) FILTER (WHERE slower), coalesce(string_agg(speed, ''), '')   FROM s GROUP BY station, day, lot, slot, recipe, chip  ON CONFLICT (station, day, lot, slot, recipe, chip) DO UPDATE SET retried = c.retried + EXCLUDED.retried,   slower_runs = c.slower_runs + EXCLUDED.slower_runs,   bytes_per_s = c.bytes_per_s || EXCLUDED.bytes_per_s RETURNING c.id, station, day, lot, slot, recipe, chip) INSERT INTO cell_rate AS k (cell, baud_asked, baud, attempts)  SELECT c.id, s.baud_asked, s.baud, count(*) FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip)  WHERE s.slower GROUP BY 1, 2, 3 ON CONFLICT (cell, baud_asked, baud)  DO UPDATE SET attempts = k.attempts + EXCLUDED.attempts; END $$;


--
-- Name: count_correction(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_correction() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$ BEGIN  INSERT INTO corrected AS k (record, run, run_utc, cell, duration_ms, verdict,  made_utc, id) SELECT DISTINCT ON (s.record, s.run) s.record, s.run, s.run_utc, c.id, s.duration_ms,  s.said, s.made_utc, s.id FROM (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip,   r.duration_ms, w.verdict AS said, w.made_utc, w.id FROM fresh AS w   JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT * FROM run AS x   WHERE x.record = y.ancestor AND x.id = w.run AND x.link <= y.upto LIMIT 1) AS t   WHERE y.record = w.record LIMIT 1) AS r ON true LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true WHERE w.verdict IS NOT NULL AND r.verdict = 'PASS' AND (r.golden > 0) IS NOT TRUE) AS s JOIN LATERAL (SELECT k.id FROM cell AS k WHERE (k.station, k.day, k.lot, k.slot, k.recipe, k.chip) = (s.station, s.day, s.lot, s.slot, s.recipe, s.chip) LIMIT 1) AS c ON true ORDER BY s.record, s.run, s.made_utc DESC, s.id DESC ON CONFLICT (record, run) DO UPDATE SET verdict = EXCLUDED.verdict,  made_utc = EXCLUDED.made_utc, id = EXCLUDED.id  WHERE (k.made_utc, k.id) < (EXCLUDED.made_utc, EXCLUDED.id); RETURN NULL; END $$;


--
-- Name: count_lot(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_lot() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$ BEGIN  INSERT INTO known_lot (name) SELECT name FROM (SELECT name, min(added_utc) AS at  FROM fresh AS x GROUP BY name) AS x WHERE NOT EXISTS (SELECT 1 FROM  known_lot AS n WHERE n.name = x.name) ORDER BY at, name ON CONFLICT DO NOTHING; RETURN NULL; END $$;


--
-- Name: count_recipe(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_recipe() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$ BEGIN  INSERT INTO known_recipe (name, version, sha256, plan_sha256)  SELECT DISTINCT ON (plan_sha256) name, version, sha256, plan_sha256 FROM fresh AS x  WHERE NOT EXISTS (SELECT 1 FROM known_recipe AS n  WHERE n.plan_sha256 = x.plan_sha256) ORDER BY plan_sha256 ON CONFLICT DO NOTHING; RETURN NULL; END $$;


--
-- Name: count_run(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_run() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_nestloop TO 'off'
    SET jit TO 'off'
    AS $$ BEGIN  WITH s AS MATERIALIZED (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip, r.verdict, r.code, r.duration_ms, ('x' || replace(CASE length(b.mac) WHEN 23 THEN substr(b.mac, 1, 8) || substr(b.mac, 15) ELSE b.mac END, ':', ''))::bit(48)::bigint AS mac, r.verdict = 'FAIL' AND r.code IN ('duplicate', 'quota') AS refused FROM fresh AS r LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.mac FROM board AS t WHERE t.record = y.ancestor AND t.id = r.board AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS b ON true WHERE (r.golden > 0) IS NOT TRUE), cells AS (INSERT INTO cell AS c (station, day, lot, slot, recipe, chip, passed, failed, stopped, interrupted, refused, unidentified, ms) SELECT station, day, lot, slot, recipe, chip, count(*) FILTER (WHERE verdict = 'PASS'), count(*) FILTER (WHERE verdict = 'FAIL'), count(*) FILTER (WHERE verdict = 'STOPPED'), count(*) FILTER (WHERE verdict = 'INTERRUPTED'), count(*) FILTER (WHERE refused), count(*) FILTER (WHERE verdict = 'FAIL' AND NOT refused AND mac IS NULL), coalesce(string_agg(int4send(least(duration_ms, 2147483647)::integer), '') FILTER (WHERE verdict = 'PASS'), '') FROM s GROUP BY station, day, lot, slot, recipe, chip ON CONFLICT (station, day, lot, slot, recipe, chip) DO UPDATE SET passed = c.passed + EXCLUDED.passed, failed = c.failed + EXCLUDED.failed, stopped = c.stopped + EXCLUDED.stopped, interrupted = c.interrupted + EXCLUDED.interrupted, refused = c.refused + EXCLUDED.refused, unidentified = c.unidentified + EXCLUDED.unidentified, ms = c.ms || EXCLUDED.ms RETURNING c.id, station, day, lot, slot, recipe, chip), coded AS (INSERT INTO cell_code AS k (cell, code, runs) SELECT c.id, s.code, count(*) FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip) WHERE s.verdict = 'FAIL' GROUP BY c.id, s.code ON CONFLICT (cell, code) DO UPDATE SET runs = k.runs + EXCLUDED.runs), m AS MATERIALIZED (SELECT s.mac, s.lot, s.run_utc, s.record, s.run, c.id AS cell, CASE s.verdict WHEN 'PASS' THEN 'P' WHEN 'FAIL' THEN 'F' ELSE '-' END AS verdict, row_number() OVER (PARTITION BY s.mac, s.lot ORDER BY s.run_utc, s.record, s.run) AS nth, count(*) OVER (PARTITION BY s.mac, s.lot) AS times FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip) WHERE s.mac IS NOT NULL AND NOT s.refused), lives AS (INSERT INTO board_lot AS u (mac, lot, run_utc, record, run, cell, verdict, alone) SELECT mac, lot, run_utc, record, run, cell, verdict, times = 1 FROM m WHERE nth = 1 ORDER BY mac, lot ON CONFLICT (mac, lot) DO UPDATE SET alone = false RETURNING u.*) INSERT INTO again (mac, lot, run_utc, record, run, cell, verdict) SELECT mac, lot, run_utc, record, run, cell, verdict FROM lives WHERE NOT alone UNION SELECT m.mac, m.lot, m.run_utc, m.record, m.run, m.cell, m.verdict FROM m JOIN lives USING (mac, lot) WHERE NOT lives.alone ON CONFLICT DO NOTHING; RETURN NULL; END $$;


--
-- Name: count_runs_of(timestamp with time zone); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.count_runs_of(first timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $$ BEGIN  WITH s AS MATERIALIZED (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip, r.verdict, r.code, r.duration_ms, ('x' || replace(CASE length(b.mac) WHEN 23 THEN substr(b.mac, 1, 8) || substr(b.mac, 15) ELSE b.mac END, ':', ''))::bit(48)::bigint AS mac, r.verdict = 'FAIL' AND r.code IN ('duplicate', 'quota') AS refused FROM (SELECT * FROM run WHERE run_utc >= first AND run_utc < first + interval '1 month') AS r LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.mac FROM board AS t WHERE t.record = y.ancestor AND t.id = r.board AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS b ON true WHERE (r.golden > 0) IS NOT TRUE), cells AS (INSERT INTO cell AS c (station, day, lot, slot, recipe, chip, passed, failed, stopped, interrupted, refused, unidentified, ms) SELECT station, day, lot, slot, recipe, chip, count(*) FILTER (WHERE verdict = 'PASS'), count(*) FILTER (WHERE verdict = 'FAIL'), count(*) FILTER (WHERE verdict = 'STOPPED'), count(*) FILTER (WHERE verdict = 'INTERRUPTED'), count(*) FILTER (WHERE refused), count(*) FILTER (WHERE verdict = 'FAIL' AND NOT refused AND mac IS NULL), coalesce(string_agg(int4send(least(duration_ms, 2147483647)::integer), '') FILTER (WHERE verdict = 'PASS'), '') FROM s GROUP BY station, day, lot, slot, recipe, chip ON CONFLICT (station, day, lot, slot, recipe, chip) DO UPDATE SET passed = c.passed + EXCLUDED.passed, failed = c.failed + EXCLUDED.failed, stopped = c.stopped + EXCLUDED.stopped, interrupted = c.interrupted + EXCLUDED.interrupted, refused = c.refused + EXCLUDED.refused, unidentified = c.unidentified + EXCLUDED.unidentified, ms = c.ms || EXCLUDED.ms RETURNING c.id, station, day, lot, slot, recipe, chip), coded AS (INSERT INTO cell_code AS k (cell, code, runs) SELECT c.id, s.code, count(*) FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip) WHERE s.verdict = 'FAIL' GROUP BY c.id, s.code ON CONFLICT (cell, code) DO UPDATE SET runs = k.runs + EXCLUDED.runs), m AS MATERIALIZED (SELECT s.mac, s.lot, s.run_utc, s.record, s.run, c.id AS cell, CASE s.verdict WHEN 'PASS' THEN 'P' WHEN 'FAIL' THEN 'F' ELSE '-' END AS verdict, row_number() OVER (PARTITION BY s.mac, s.lot ORDER BY s.run_utc, s.record, s.run) AS nth, count(*) OVER (PARTITION BY s.mac, s.lot) AS times FROM s JOIN cells AS c USING (station, day, lot, slot, recipe, chip) WHERE s.mac IS NOT NULL AND NOT s.refused), lives AS (INSERT INTO board_lot AS u (mac, lot, run_utc, record, run, cell, verdict, alone) SELECT mac, lot, run_utc, record, run, cell, verdict, times = 1 FROM m WHERE nth = 1 ORDER BY mac, lot ON CONFLICT (mac, lot) DO UPDATE SET alone = false RETURNING u.*) INSERT INTO again (mac, lot, run_utc, record, run, cell, verdict) SELECT mac, lot, run_utc, record, run, cell, verdict FROM lives WHERE NOT alone UNION SELECT m.mac, m.lot, m.run_utc, m.record, m.run, m.cell, m.verdict FROM m JOIN lives USING (mac, lot) WHERE NOT lives.alone ON CONFLICT DO NOTHING; END $$;


--
-- Name: give_back(integer, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.give_back(p_record integer, p_id bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE c claim%ROWTYPE; BEGIN  DELETE FROM claim WHERE id = p_id AND record = p_record AND lost_utc IS NULL   RETURNING * INTO c;  IF NOT FOUND THEN RETURN false; END IF;  PERFORM add_taken(c.lot, -c.places);  RETURN true; END $$;


--
-- Name: lease_lost(bigint, bigint, text, text, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.lease_lost(p_id bigint, p_used bigint, p_by text, p_reason text, p_host text, OUT answer text, OUT places bigint, OUT lot text, OUT at text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE c claim%ROWTYPE; BEGIN  SELECT * INTO c FROM claim WHERE id = p_id FOR UPDATE;  places := c.places; lot := c.lot;  at := to_char(coalesce(c.lost_utc, c.until_utc, c.made_utc + interval '1 hour')   AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');  IF c.id IS NULL THEN answer := 'unknown';  ELSIF c.lost_utc IS NOT NULL THEN answer := 'lost';  ELSIF c.kind = 'places' AND c.until_utc > clock_timestamp() THEN answer := 'valid';  ELSIF c.kind = 'board' AND c.made_utc + interval '1 hour' > clock_timestamp() THEN   answer := 'valid';  ELSIF c.kind <> 'numbers' AND (p_used IS NULL OR p_used < 0 OR p_used > c.places) THEN   answer := 'used';  ELSE   answer := 'ok';   UPDATE claim AS x SET lost_utc = clock_timestamp(), lost_used = coalesce(p_used, 0),    lost_by = p_by, lost_reason = p_reason, lost_host = p_host WHERE x.id = p_id;   PERFORM add_taken(c.lot, coalesce(p_used, 0) - c.places);  END IF; END $$;


--
-- Name: lot_of(integer, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.lot_of(p_record integer, p_lot bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE l lot%ROWTYPE; BEGIN  SELECT t.* INTO l FROM lineage AS y JOIN lot AS t ON t.record = y.ancestor   AND t.link <= y.upto WHERE y.record = p_record AND t.id = p_lot;  IF l.fleet = 1 THEN   INSERT INTO quota (lot, quantity) VALUES (l.name, l.quantity) ON CONFLICT DO NOTHING;  END IF;  RETURN l.name; END $$;


--
-- Name: mac_of(integer, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.mac_of(p_record integer, p_board bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN  RETURN (SELECT b.mac FROM lineage AS y JOIN board AS b ON b.record = y.ancestor   AND b.link <= y.upto WHERE y.record = p_record AND b.id = p_board); END $$;


--
-- Name: make_month(text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.make_month(month text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$ DECLARE first timestamptz; next timestamptz; parted text; part text; BEGIN  IF month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN RETURN false; END IF;  first := (month || '-01 00:00:00+00')::timestamptz;  next := first + interval '1 month';  IF first < '2020-01-01 00:00:00+00' OR first > now() + interval '1 day' THEN   RETURN false;  END IF;  PERFORM pg_advisory_xact_lock(hashtext('espstation.make_month'));  FOREACH parted IN ARRAY ARRAY['run', 'attempt', 'digest', 'unit_digest'] LOOP   part := parted || '_' || replace(month, '-', '_');   CONTINUE WHEN to_regclass('espstation.' || part) IS NOT NULL;   EXECUTE format('CREATE TABLE espstation.%I (LIKE espstation.%I INCLUDING CONSTRAINTS)',    part, parted);   EXECUTE format('WITH moved AS (DELETE FROM espstation.%I WHERE run_utc >= $1 AND run_utc < $2 RETURNING *) INSERT INTO espstation.%I SELECT * FROM moved',    parted || '_other', part) USING first, next;   EXECUTE format('ALTER TABLE espstation.%I ATTACH PARTITION espstation.%I FOR VALUES FROM (%L) TO (%L)', parted, part, first, next);  END LOOP;  RETURN true; END $_$;


--
-- Name: mark_goes_forward(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.mark_goes_forward() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN  IF NEW.link < OLD.link OR (NEW.id, NEW.station, NEW.parent, NEW.parent_link,   NEW.first_sha256) IS DISTINCT FROM (OLD.id, OLD.station, OLD.parent, OLD.parent_link,   OLD.first_sha256) THEN   RAISE EXCEPTION 'the mark of a record only goes forward';  END IF;  RETURN NEW; END $$;


--
-- Name: open_quota(text, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.open_quota(p_lot text, p_quantity bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ DECLARE has bigint; BEGIN  INSERT INTO quota (lot, quantity) VALUES (p_lot, p_quantity) ON CONFLICT DO NOTHING;  SELECT quantity INTO has FROM quota WHERE lot = p_lot;  RETURN has = p_quantity; END $$;


--
-- Name: passed_elsewhere(integer, text, boolean, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.passed_elsewhere(p_record integer, p_mac text, p_ever boolean, p_lot text) RETURNS TABLE(of_record integer, run bigint, at text, in_lot boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN RETURN QUERY  SELECT r.record, r.id, to_char(r.ended_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),   coalesce((SELECT t.name FROM espstation.lineage AS u JOIN espstation.lot AS t ON t.record = u.ancestor AND t.link <= u.upto WHERE u.record = r.record AND t.id = r.lot) = p_lot, false) FROM espstation.board AS b JOIN espstation.lineage AS y ON y.ancestor = b.record AND b.link <= y.upto JOIN espstation.run AS r ON r.record = y.record AND r.board = b.id WHERE CASE length(b.mac) WHEN 23 THEN substr(b.mac, 1, 8) || substr(b.mac, 15) ELSE b.mac END = CASE length(p_mac) WHEN 23 THEN substr(p_mac, 1, 8) || substr(p_mac, 15) ELSE p_mac END AND (length(b.mac) = 17 OR length(p_mac) = 17 OR b.mac = p_mac) AND r.verdict = 'PASS' AND coalesce(r.golden, 0) = 0 AND NOT EXISTS (SELECT 1 FROM espstation.lineage AS w JOIN espstation.correction AS k  ON k.record = w.record WHERE w.ancestor = r.record AND r.link <= w.upto  AND k.run = r.id AND k.verdict = 'FAIL' AND NOT EXISTS (SELECT 1   FROM espstation.correction AS n WHERE n.record = k.record AND n.run = k.run   AND n.verdict = 'PASS' AND n.id > k.id))   AND NOT EXISTS (SELECT 1 FROM espstation.lineage AS z WHERE z.record = p_record AND z.ancestor = r.record AND r.link <= z.upto) AND (p_ever OR (SELECT t.name FROM espstation.lineage AS u JOIN espstation.lot AS t ON t.record = u.ancestor AND t.link <= u.upto WHERE u.record = r.record AND t.id = r.lot) = p_lot)   ORDER BY 4 DESC, r.run_utc LIMIT 1; END $$;


--
-- Name: recount(); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.recount() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'espstation', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET jit TO 'off'
    SET enable_nestloop TO 'off'
    SET work_mem TO '256MB'
    AS $$ DECLARE first timestamptz; last timestamptz; BEGIN  LOCK TABLE record IN EXCLUSIVE MODE;  TRUNCATE cell, cell_code, cell_rate, board_lot, again, corrected; INSERT INTO known_lot (name) SELECT name FROM (SELECT name, min(added_utc) AS at  FROM lot AS x GROUP BY name) AS x WHERE NOT EXISTS (SELECT 1 FROM  known_lot AS n WHERE n.name = x.name) ORDER BY at, name ON CONFLICT DO NOTHING; INSERT INTO known_recipe (name, version, sha256, plan_sha256)  SELECT DISTINCT ON (plan_sha256) name, version, sha256, plan_sha256 FROM recipe AS x  WHERE NOT EXISTS (SELECT 1 FROM known_recipe AS n  WHERE n.plan_sha256 = x.plan_sha256) ORDER BY plan_sha256 ON CONFLICT DO NOTHING;  SELECT date_trunc('month', min(run_utc)), max(run_utc) INTO first, last FROM run;  WHILE first <= last LOOP   PERFORM espstation.count_runs_of(first);   PERFORM espstation.count_attempts_of(first);   first := coalesce((SELECT date_trunc('month', min(run_utc)) FROM run    WHERE run_utc >= first + interval '1 month'), 'infinity');  END LOOP; INSERT INTO corrected AS k (record, run, run_utc, cell, duration_ms, verdict,  made_utc, id) SELECT DISTINCT ON (s.record, s.run) s.record, s.run, s.run_utc, c.id, s.duration_ms,  s.said, s.made_utc, s.id FROM (SELECT r.record, r.id AS run, r.run_utc, o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot, coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip,   r.duration_ms, w.verdict AS said, w.made_utc, w.id FROM correction AS w   JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT * FROM run AS x   WHERE x.record = y.ancestor AND x.id = w.run AND x.link <= y.upto LIMIT 1) AS t   WHERE y.record = w.record LIMIT 1) AS r ON true LEFT JOIN LATERAL (SELECT station FROM record AS x WHERE x.id = r.record LIMIT 1) AS o ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.plan_sha256 FROM recipe AS t WHERE t.record = y.ancestor AND t.id = r.recipe AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS c ON true LEFT JOIN LATERAL (SELECT id FROM known_recipe AS x WHERE x.plan_sha256 = c.plan_sha256 LIMIT 1) AS q ON true LEFT JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT t.name FROM lot AS t WHERE t.record = y.ancestor AND t.id = r.lot AND t.link <= y.upto LIMIT 1) AS t WHERE y.record = r.record LIMIT 1) AS l ON true LEFT JOIN LATERAL (SELECT id FROM known_lot AS x WHERE x.name = l.name LIMIT 1) AS n ON true WHERE w.verdict IS NOT NULL AND r.verdict = 'PASS' AND (r.golden > 0) IS NOT TRUE) AS s JOIN LATERAL (SELECT k.id FROM cell AS k WHERE (k.station, k.day, k.lot, k.slot, k.recipe, k.chip) = (s.station, s.day, s.lot, s.slot, s.recipe, s.chip) LIMIT 1) AS c ON true ORDER BY s.record, s.run, s.made_utc DESC, s.id DESC ON CONFLICT (record, run) DO UPDATE SET verdict = EXCLUDED.verdict,  made_utc = EXCLUDED.made_utc, id = EXCLUDED.id  WHERE (k.made_utc, k.id) < (EXCLUDED.made_utc, EXCLUDED.id); END $$;


--
-- Name: serial_elsewhere(integer, text, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.serial_elsewhere(p_record integer, p_serial text, p_mac text) RETURNS TABLE(of_record integer, run bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN RETURN QUERY  SELECT u.record, u.run FROM unit AS u WHERE u.serial = p_serial   AND NOT EXISTS (SELECT 1 FROM espstation.lineage AS z WHERE z.record = p_record AND z.ancestor = u.record AND u.link <= z.upto)   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN unit_released AS x ON x.record = w.record    WHERE w.ancestor = u.record AND u.link <= w.upto AND x.id = u.id)   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN board AS b ON b.record = w.ancestor    AND b.link <= w.upto WHERE w.record = u.record AND b.id = u.board    AND CASE length(b.mac) WHEN 23 THEN substr(b.mac, 1, 8) || substr(b.mac, 15) ELSE b.mac END = CASE length(p_mac) WHEN 23 THEN substr(p_mac, 1, 8) || substr(p_mac, 15) ELSE p_mac END) LIMIT 1; END $$;


--
-- Name: sha256_of(integer, bigint); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.sha256_of(of_record integer, of_link bigint) RETURNS text
    LANGUAGE sql STABLE
    AS $$ SELECT l.sha256 FROM espstation.lineage AS y JOIN espstation.link AS l ON l.record = y.ancestor AND l.id = of_link WHERE y.record = of_record AND of_link <= y.upto $$;


--
-- Name: tell_link(integer, bigint, text); Type: FUNCTION; Schema: espstation; Owner: -
--

CREATE FUNCTION espstation.tell_link(p_record integer, p_link bigint, p_sha256 text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'espstation', 'pg_temp'
    AS $$ BEGIN  IF NOT EXISTS (SELECT 1 FROM record WHERE id = p_record AND replaced_utc IS NULL) THEN   RETURN false;  END IF;  INSERT INTO told AS t VALUES (p_record, p_link, p_sha256) ON CONFLICT (record) DO UPDATE   SET link = EXCLUDED.link, sha256 = EXCLUDED.sha256 WHERE t.link < EXCLUDED.link   OR (t.link = EXCLUDED.link AND t.sha256 = EXCLUDED.sha256);  RETURN FOUND; END $$;


--
-- Name: act; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.act (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    word text NOT NULL,
    person text NOT NULL,
    role text NOT NULL,
    proved integer NOT NULL,
    process bigint,
    slot integer,
    run bigint,
    lot bigint,
    text text,
    reason text,
    host text NOT NULL,
    made_utc timestamp with time zone NOT NULL
);


--
-- Name: again; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.again (
    mac bigint NOT NULL,
    lot integer NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    record integer NOT NULL,
    run bigint NOT NULL,
    cell integer NOT NULL,
    verdict text NOT NULL
);


--
-- Name: attempt; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.attempt (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    run bigint NOT NULL,
    number integer NOT NULL,
    started_utc timestamp with time zone NOT NULL,
    duration_ms bigint NOT NULL,
    baud bigint,
    reset text,
    loader text,
    phase text NOT NULL,
    code text NOT NULL,
    sentence text,
    hint text,
    board_state text NOT NULL,
    bytes_written bigint NOT NULL,
    wire_bytes bigint NOT NULL,
    baud_asked bigint,
    baud_why text,
    write_mode text,
    round_trips bigint,
    reset_ms bigint,
    sync_ms bigint,
    identify_ms bigint,
    stub_ms bigint,
    baud_ms bigint,
    erase_ms bigint,
    wire_ms bigint,
    stall_ms bigint,
    md5_ms bigint,
    leave_ms bigint,
    boot_ms bigint,
    floor_ms bigint,
    size_ms bigint,
    fast text
)
PARTITION BY RANGE (run_utc);


--
-- Name: attempt_other; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.attempt_other (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    run bigint NOT NULL,
    number integer NOT NULL,
    started_utc timestamp with time zone NOT NULL,
    duration_ms bigint NOT NULL,
    baud bigint,
    reset text,
    loader text,
    phase text NOT NULL,
    code text NOT NULL,
    sentence text,
    hint text,
    board_state text NOT NULL,
    bytes_written bigint NOT NULL,
    wire_bytes bigint NOT NULL,
    baud_asked bigint,
    baud_why text,
    write_mode text,
    round_trips bigint,
    reset_ms bigint,
    sync_ms bigint,
    identify_ms bigint,
    stub_ms bigint,
    baud_ms bigint,
    erase_ms bigint,
    wire_ms bigint,
    stall_ms bigint,
    md5_ms bigint,
    leave_ms bigint,
    boot_ms bigint,
    floor_ms bigint,
    size_ms bigint,
    fast text
);


--
-- Name: board; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.board (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    mac text NOT NULL,
    chip text NOT NULL,
    revision integer,
    flash_id bigint,
    flash_bytes bigint,
    first_seen_utc timestamp with time zone NOT NULL
);


--
-- Name: board_lot; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.board_lot (
    mac bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    run bigint NOT NULL,
    lot integer NOT NULL,
    record integer NOT NULL,
    cell integer NOT NULL,
    verdict text NOT NULL,
    alone boolean NOT NULL
)
WITH (fillfactor='90');


--
-- Name: burn; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.burn (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    run bigint NOT NULL,
    attempt integer NOT NULL,
    number integer NOT NULL,
    stage text NOT NULL,
    block integer NOT NULL,
    fuses text NOT NULL,
    words text,
    key_salt text,
    key_hmac text,
    outcome text NOT NULL,
    proof text,
    sentence text,
    person text,
    made_utc timestamp with time zone NOT NULL
);


--
-- Name: cell; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.cell (
    id integer NOT NULL,
    station integer NOT NULL,
    day date NOT NULL,
    lot integer NOT NULL,
    slot integer NOT NULL,
    recipe integer NOT NULL,
    chip text NOT NULL,
    passed bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    stopped bigint DEFAULT 0 NOT NULL,
    interrupted bigint DEFAULT 0 NOT NULL,
    refused bigint DEFAULT 0 NOT NULL,
    unidentified bigint DEFAULT 0 NOT NULL,
    retried bigint DEFAULT 0 NOT NULL,
    slower_runs bigint DEFAULT 0 NOT NULL,
    ms bytea DEFAULT '\x'::bytea NOT NULL,
    bytes_per_s bytea DEFAULT '\x'::bytea NOT NULL
)
WITH (fillfactor='70');
ALTER TABLE ONLY espstation.cell ALTER COLUMN ms SET STORAGE EXTERNAL;
ALTER TABLE ONLY espstation.cell ALTER COLUMN bytes_per_s SET STORAGE EXTERNAL;


--
-- Name: cell_code; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.cell_code (
    cell integer NOT NULL,
    code text NOT NULL,
    runs bigint NOT NULL
)
WITH (fillfactor='70');


--
-- Name: known_lot; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.known_lot (
    id integer NOT NULL,
    name text NOT NULL
);


--
-- Name: known_recipe; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.known_recipe (
    id integer NOT NULL,
    name text NOT NULL,
    version text,
    sha256 text NOT NULL,
    plan_sha256 text NOT NULL
);


--
-- Name: station; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.station (
    id integer NOT NULL,
    name text NOT NULL,
    joined_utc timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT station_name_check CHECK (((length(name) >= 1) AND (length(name) <= 64)))
);


--
-- Name: causes; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.causes AS
 SELECT s.name AS station,
    c.day,
    n.name AS lot,
    c.slot,
    q.name AS recipe,
    q.version AS recipe_version,
    k.code,
    k.runs
   FROM ((((espstation.cell_code k
     JOIN espstation.cell c ON ((c.id = k.cell)))
     JOIN espstation.station s ON ((s.id = c.station)))
     LEFT JOIN espstation.known_lot n ON ((n.id = c.lot)))
     LEFT JOIN espstation.known_recipe q ON ((q.id = c.recipe)));


--
-- Name: cell_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.cell ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.cell_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: cell_rate; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.cell_rate (
    cell integer NOT NULL,
    baud_asked bigint NOT NULL,
    baud bigint NOT NULL,
    attempts bigint NOT NULL
);


--
-- Name: checkpoint; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.checkpoint (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    lot bigint NOT NULL,
    closed_link bigint NOT NULL,
    closed_utc timestamp with time zone NOT NULL,
    closed_by text,
    text text NOT NULL,
    signature text NOT NULL
);


--
-- Name: claim; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.claim (
    id bigint NOT NULL,
    record integer NOT NULL,
    process bigint NOT NULL,
    kind text NOT NULL,
    lot text,
    mac text,
    rule text,
    places bigint DEFAULT 0 NOT NULL,
    counter text,
    first bigint,
    last bigint,
    operator text,
    made_utc timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    until_utc timestamp with time zone,
    lost_utc timestamp with time zone,
    lost_used bigint,
    lost_by text,
    lost_reason text,
    lost_host text,
    CONSTRAINT claim_id_check CHECK ((id > 0)),
    CONSTRAINT claim_kind_check CHECK ((kind = ANY (ARRAY['board'::text, 'places'::text, 'numbers'::text])))
);


--
-- Name: corrected; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.corrected (
    record integer NOT NULL,
    run bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    cell integer NOT NULL,
    duration_ms bigint NOT NULL,
    verdict text NOT NULL,
    made_utc timestamp with time zone NOT NULL,
    id bigint NOT NULL
);


--
-- Name: digest; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.digest (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    attempt bigint NOT NULL,
    image bigint NOT NULL,
    expected_md5 text NOT NULL,
    read_md5 text,
    written_md5 text,
    written_sha256 text,
    skipped_bytes bigint NOT NULL
)
PARTITION BY RANGE (run_utc);


--
-- Name: digest_other; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.digest_other (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    attempt bigint NOT NULL,
    image bigint NOT NULL,
    expected_md5 text NOT NULL,
    read_md5 text,
    written_md5 text,
    written_sha256 text,
    skipped_bytes bigint NOT NULL
);


--
-- Name: record; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.record (
    id integer NOT NULL,
    station integer NOT NULL,
    parent integer,
    parent_link bigint,
    first_sha256 text NOT NULL,
    link bigint NOT NULL,
    sha256 text NOT NULL,
    joined_utc timestamp with time zone DEFAULT now() NOT NULL,
    joined_by text NOT NULL,
    joined_host text NOT NULL,
    reason text,
    replaced_utc timestamp with time zone,
    sent_utc timestamp with time zone,
    sent_host text,
    tool_version text NOT NULL,
    CONSTRAINT record_check CHECK (((parent IS NULL) = (parent_link IS NULL))),
    CONSTRAINT record_check1 CHECK ((link >= COALESCE(parent_link, (0)::bigint)))
);


--
-- Name: twice; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.twice (
    id integer NOT NULL,
    found_utc timestamp with time zone DEFAULT now() NOT NULL,
    what text NOT NULL,
    text text NOT NULL,
    record integer NOT NULL,
    run bigint NOT NULL,
    other_record integer NOT NULL,
    other_run bigint NOT NULL
);


--
-- Name: duplicates; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.duplicates AS
 SELECT t.found_utc,
    t.what,
    t.text,
    ( SELECT s.name
           FROM (espstation.record o
             JOIN espstation.station s ON ((s.id = o.station)))
          WHERE (o.id = t.record)) AS station,
    t.run,
    ( SELECT s.name
           FROM (espstation.record o
             JOIN espstation.station s ON ((s.id = o.station)))
          WHERE (o.id = t.other_record)) AS other_station,
    t.other_run
   FROM espstation.twice t;


--
-- Name: image; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.image (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    recipe bigint NOT NULL,
    number integer NOT NULL,
    file text NOT NULL,
    "offset" bigint NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    md5 text NOT NULL,
    app_project text,
    app_version text,
    app_elf_sha256 text
);


--
-- Name: known_lot_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.known_lot ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.known_lot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: known_recipe_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.known_recipe ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.known_recipe_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: label; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.label (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    run bigint NOT NULL,
    number integer NOT NULL,
    printer text NOT NULL,
    zpl text NOT NULL,
    operator text,
    reason text,
    ordered_utc timestamp with time zone NOT NULL
);


--
-- Name: label_end; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.label_end (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    begun_utc timestamp with time zone,
    begun_by bigint,
    ended_utc timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    sentence text
);


--
-- Name: leases; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.leases AS
 SELECT c.id AS lease,
    ( SELECT s.name
           FROM (espstation.record o
             JOIN espstation.station s ON ((s.id = o.station)))
          WHERE (o.id = c.record)) AS station,
    c.kind,
    c.lot,
    c.places,
    c.mac,
    c.counter,
    c.first,
    c.last,
    c.operator,
    c.made_utc,
    c.until_utc,
    ((c.kind = 'places'::text) AND (c.until_utc <= now())) AS lapsed,
    c.lost_utc,
    c.lost_used,
    c.lost_by,
    c.lost_reason
   FROM espstation.claim c;


--
-- Name: lineage; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.lineage (
    record integer NOT NULL,
    ancestor integer NOT NULL,
    upto bigint NOT NULL
);


--
-- Name: link; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.link (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    "row" bigint NOT NULL,
    form_sha256 text NOT NULL,
    sha256 text NOT NULL,
    CONSTRAINT link_check CHECK ((id = link))
);


--
-- Name: lot; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.lot (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    added_utc timestamp with time zone NOT NULL,
    quantity bigint,
    recipe bigint,
    one_recipe integer NOT NULL,
    opened_by text,
    fleet integer
);


--
-- Name: process; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.process (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    host text NOT NULL,
    boot_id text NOT NULL,
    pid bigint NOT NULL,
    start_ticks bigint NOT NULL,
    tool_version text NOT NULL,
    started_utc timestamp with time zone NOT NULL,
    presence text
);


--
-- Name: process_end; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.process_end (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    ended_utc timestamp with time zone NOT NULL
);


--
-- Name: production; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.production AS
 SELECT s.name AS station,
    c.day,
    n.name AS lot,
    c.slot,
    q.name AS recipe,
    q.version AS recipe_version,
    NULLIF(c.chip, ''::text) AS chip,
    c.passed,
    c.failed,
    c.stopped,
    c.interrupted,
    c.refused,
    c.unidentified,
    c.retried,
    c.slower_runs
   FROM (((espstation.cell c
     JOIN espstation.station s ON ((s.id = c.station)))
     LEFT JOIN espstation.known_lot n ON ((n.id = c.lot)))
     LEFT JOIN espstation.known_recipe q ON ((q.id = c.recipe)));


--
-- Name: quota; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.quota (
    lot text NOT NULL,
    quantity bigint NOT NULL,
    taken bigint DEFAULT 0 NOT NULL,
    opened_utc timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: recipe; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.recipe (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    name text NOT NULL,
    version text,
    chip text NOT NULL,
    text text NOT NULL,
    sha256 text NOT NULL,
    plan_sha256 text NOT NULL,
    added_utc timestamp with time zone NOT NULL
);


--
-- Name: record_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.record ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.record_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: run_other; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.run_other (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    id bigint NOT NULL,
    process bigint NOT NULL,
    lot bigint,
    recipe bigint NOT NULL,
    slot integer NOT NULL,
    port text NOT NULL,
    operator text,
    started_utc timestamp with time zone NOT NULL,
    board bigint,
    seen_chip text,
    seen_revision integer,
    seen_flash_id bigint,
    seen_flash_bytes bigint,
    ended_utc timestamp with time zone,
    duration_ms bigint,
    verdict text NOT NULL,
    code text NOT NULL,
    sentence text,
    hint text,
    board_state text NOT NULL,
    app_text text,
    holds_place integer NOT NULL,
    rework_of bigint,
    rework_reason text,
    golden integer,
    lease bigint,
    claim bigint,
    CONSTRAINT run_check CHECK ((run_utc = started_utc))
);


--
-- Name: runs; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.runs AS
 SELECT s.name AS station,
    r.record,
    r.id AS run,
    r.run_utc AS started_utc,
    r.ended_utc,
    ((r.duration_ms)::numeric / 1000.0) AS seconds,
    COALESCE(( SELECT k.verdict
           FROM (espstation.lineage y
             JOIN espstation.correction k ON ((k.record = y.record)))
          WHERE ((y.ancestor = r.record) AND (r.link <= y.upto) AND (k.run = r.id) AND (k.verdict IS NOT NULL))
          ORDER BY k.made_utc DESC, k.id DESC
         LIMIT 1), r.verdict) AS verdict,
    r.verdict AS own_verdict,
    r.code,
    r.sentence,
    r.board_state,
    l.name AS lot,
    b.mac,
    r.seen_chip AS chip,
    r.slot,
    r.port,
    r.operator,
    c.name AS recipe,
    c.version AS recipe_version,
    c.plan_sha256,
    p.host,
    r.rework_of,
    r.rework_reason,
    (COALESCE(r.golden, 0) = 1) AS golden
   FROM ((((((espstation.run r
     JOIN espstation.record o ON ((o.id = r.record)))
     JOIN espstation.station s ON ((s.id = o.station)))
     LEFT JOIN ( SELECT y.record,
            t.record AS home,
            t.id,
            t.host
           FROM (espstation.lineage y
             JOIN espstation.process t ON (((t.record = y.ancestor) AND (t.link <= y.upto))))) p ON (((p.record = r.record) AND (p.id = r.process))))
     LEFT JOIN ( SELECT y.record,
            t.record AS home,
            t.id,
            t.name,
            t.version,
            t.plan_sha256
           FROM (espstation.lineage y
             JOIN espstation.recipe t ON (((t.record = y.ancestor) AND (t.link <= y.upto))))) c ON (((c.record = r.record) AND (c.id = r.recipe))))
     LEFT JOIN ( SELECT y.record,
            t.record AS home,
            t.id,
            t.name
           FROM (espstation.lineage y
             JOIN espstation.lot t ON (((t.record = y.ancestor) AND (t.link <= y.upto))))) l ON (((l.record = r.record) AND (l.id = r.lot))))
     LEFT JOIN ( SELECT y.record,
            t.record AS home,
            t.id,
            t.mac
           FROM (espstation.lineage y
             JOIN espstation.board t ON (((t.record = y.ancestor) AND (t.link <= y.upto))))) b ON (((b.record = r.record) AND (b.id = r.board))));


--
-- Name: schema_version; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.schema_version (
    version integer NOT NULL,
    tool_version text NOT NULL,
    made_utc timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: series; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.series (
    counter text NOT NULL,
    next numeric NOT NULL
);


--
-- Name: station_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.station ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.station_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: stations; Type: VIEW; Schema: espstation; Owner: -
--

CREATE VIEW espstation.stations AS
 SELECT s.name AS station,
    r.link AS links,
    r.joined_utc,
    r.sent_utc,
    r.sent_host AS host,
    r.tool_version
   FROM (espstation.station s
     JOIN espstation.record r ON ((r.station = s.id)))
  WHERE (r.replaced_utc IS NULL);


--
-- Name: told; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.told (
    record integer NOT NULL,
    link bigint NOT NULL,
    sha256 text NOT NULL
);


--
-- Name: twice_id_seq; Type: SEQUENCE; Schema: espstation; Owner: -
--

ALTER TABLE espstation.twice ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME espstation.twice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: unit; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    board bigint NOT NULL,
    run bigint NOT NULL,
    serial text,
    salt text NOT NULL,
    taken_utc timestamp with time zone NOT NULL
);


--
-- Name: unit_decision; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_decision (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    what text NOT NULL,
    board bigint,
    serial text,
    mark text,
    operator text NOT NULL,
    reason text NOT NULL,
    host text NOT NULL,
    made_utc timestamp with time zone NOT NULL
);


--
-- Name: unit_digest; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_digest (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    attempt bigint NOT NULL,
    number integer NOT NULL,
    place text NOT NULL,
    "offset" bigint NOT NULL,
    size_bytes bigint NOT NULL,
    expected_md5 text NOT NULL,
    read_md5 text,
    written_md5 text,
    written_sha256 text,
    skipped_bytes bigint NOT NULL
)
PARTITION BY RANGE (run_utc);


--
-- Name: unit_digest_other; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_digest_other (
    record integer NOT NULL,
    link bigint NOT NULL,
    run_utc timestamp with time zone NOT NULL,
    attempt bigint NOT NULL,
    number integer NOT NULL,
    place text NOT NULL,
    "offset" bigint NOT NULL,
    size_bytes bigint NOT NULL,
    expected_md5 text NOT NULL,
    read_md5 text,
    written_md5 text,
    written_sha256 text,
    skipped_bytes bigint NOT NULL
);


--
-- Name: unit_item; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_item (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    unit bigint NOT NULL,
    source text NOT NULL,
    name text NOT NULL,
    number bigint NOT NULL,
    sha256 text,
    label text
);


--
-- Name: unit_item_released; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_item_released (
    record integer NOT NULL,
    link bigint NOT NULL,
    decision bigint NOT NULL,
    id bigint NOT NULL
);


--
-- Name: unit_released; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_released (
    record integer NOT NULL,
    link bigint NOT NULL,
    decision bigint NOT NULL,
    id bigint NOT NULL
);


--
-- Name: unit_value; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_value (
    record integer NOT NULL,
    link bigint NOT NULL,
    id bigint NOT NULL,
    unit bigint NOT NULL,
    name text NOT NULL,
    text text,
    sha256 text,
    source text NOT NULL,
    is_unique integer NOT NULL
);


--
-- Name: unit_value_released; Type: TABLE; Schema: espstation; Owner: -
--

CREATE TABLE espstation.unit_value_released (
    record integer NOT NULL,
    link bigint NOT NULL,
    decision bigint NOT NULL,
    id bigint NOT NULL
);


--
-- Name: attempt_other; Type: TABLE ATTACH; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.attempt ATTACH PARTITION espstation.attempt_other DEFAULT;


--
-- Name: digest_other; Type: TABLE ATTACH; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.digest ATTACH PARTITION espstation.digest_other DEFAULT;


--
-- Name: run_other; Type: TABLE ATTACH; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.run ATTACH PARTITION espstation.run_other DEFAULT;


--
-- Name: unit_digest_other; Type: TABLE ATTACH; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_digest ATTACH PARTITION espstation.unit_digest_other DEFAULT;


--
-- Data for Name: act; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.act (record, link, id, word, person, role, proved, process, slot, run, lot, text, reason, host, made_utc) FROM stdin;
\.


--
-- Data for Name: again; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.again (mac, lot, run_utc, record, run, cell, verdict) FROM stdin;
\.


--
-- Data for Name: attempt_other; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.attempt_other (record, link, run_utc, id, run, number, started_utc, duration_ms, baud, reset, loader, phase, code, sentence, hint, board_state, bytes_written, wire_bytes, baud_asked, baud_why, write_mode, round_trips, reset_ms, sync_ms, identify_ms, stub_ms, baud_ms, erase_ms, wire_ms, stall_ms, md5_ms, leave_ms, boot_ms, floor_ms, size_ms, fast) FROM stdin;
\.


--
-- Data for Name: board; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.board (record, link, id, mac, chip, revision, flash_id, flash_bytes, first_seen_utc) FROM stdin;
\.


--
-- Data for Name: board_lot; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.board_lot (mac, run_utc, run, lot, record, cell, verdict, alone) FROM stdin;
\.


--
-- Data for Name: burn; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.burn (record, link, id, run, attempt, number, stage, block, fuses, words, key_salt, key_hmac, outcome, proof, sentence, person, made_utc) FROM stdin;
\.


--
-- Data for Name: cell; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.cell (id, station, day, lot, slot, recipe, chip, passed, failed, stopped, interrupted, refused, unidentified, retried, slower_runs, ms, bytes_per_s) FROM stdin;
\.


--
-- Data for Name: cell_code; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.cell_code (cell, code, runs) FROM stdin;
\.


--
-- Data for Name: cell_rate; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.cell_rate (cell, baud_asked, baud, attempts) FROM stdin;
\.


--
-- Data for Name: checkpoint; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.checkpoint (record, link, id, lot, closed_link, closed_utc, closed_by, text, signature) FROM stdin;
\.


--
-- Data for Name: claim; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.claim (id, record, process, kind, lot, mac, rule, places, counter, first, last, operator, made_utc, until_utc, lost_utc, lost_used, lost_by, lost_reason, lost_host) FROM stdin;
\.


--
-- Data for Name: corrected; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.corrected (record, run, run_utc, cell, duration_ms, verdict, made_utc, id) FROM stdin;
\.


--
-- Data for Name: correction; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.correction (record, link, id, run, verdict, operator, reason, host, made_utc) FROM stdin;
\.


--
-- Data for Name: digest_other; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.digest_other (record, link, run_utc, attempt, image, expected_md5, read_md5, written_md5, written_sha256, skipped_bytes) FROM stdin;
\.


--
-- Data for Name: image; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.image (record, link, id, recipe, number, file, "offset", size_bytes, sha256, md5, app_project, app_version, app_elf_sha256) FROM stdin;
\.


--
-- Data for Name: known_lot; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.known_lot (id, name) FROM stdin;
\.


--
-- Data for Name: known_recipe; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.known_recipe (id, name, version, sha256, plan_sha256) FROM stdin;
\.


--
-- Data for Name: label; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.label (record, link, id, run, number, printer, zpl, operator, reason, ordered_utc) FROM stdin;
\.


--
-- Data for Name: label_end; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.label_end (record, link, id, begun_utc, begun_by, ended_utc, outcome, sentence) FROM stdin;
\.


--
-- Data for Name: lease; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.lease (record, link, id, number, kind, lot, places, counter, first, last, step, operator, taken_utc, until_utc, boot_id, until_boot_ms) FROM stdin;
\.


--
-- Data for Name: lease_end; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.lease_end (record, link, id, ended_utc, used, why) FROM stdin;
\.


--
-- Data for Name: lineage; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.lineage (record, ancestor, upto) FROM stdin;
\.


--
-- Data for Name: link; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.link (record, link, id, kind, "row", form_sha256, sha256) FROM stdin;
\.


--
-- Data for Name: lot; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.lot (record, link, id, name, added_utc, quantity, recipe, one_recipe, opened_by, fleet) FROM stdin;
\.


--
-- Data for Name: process; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.process (record, link, id, host, boot_id, pid, start_ticks, tool_version, started_utc, presence) FROM stdin;
\.


--
-- Data for Name: process_end; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.process_end (record, link, id, ended_utc) FROM stdin;
\.


--
-- Data for Name: quota; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.quota (lot, quantity, taken, opened_utc) FROM stdin;
\.


--
-- Data for Name: recipe; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.recipe (record, link, id, name, version, chip, text, sha256, plan_sha256, added_utc) FROM stdin;
\.


--
-- Data for Name: record; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.record (id, station, parent, parent_link, first_sha256, link, sha256, joined_utc, joined_by, joined_host, reason, replaced_utc, sent_utc, sent_host, tool_version) FROM stdin;
\.


--
-- Data for Name: run_other; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.run_other (record, link, run_utc, id, process, lot, recipe, slot, port, operator, started_utc, board, seen_chip, seen_revision, seen_flash_id, seen_flash_bytes, ended_utc, duration_ms, verdict, code, sentence, hint, board_state, app_text, holds_place, rework_of, rework_reason, golden, lease, claim) FROM stdin;
\.


--
-- Data for Name: schema_version; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.schema_version (version, tool_version, made_utc) FROM stdin;
1	0.1.0	2026-11-30 21:56:56.121813+00
2	0.1.0	2026-11-30 21:56:56.121813+00
3	0.1.0	2026-11-30 21:56:56.121813+00
4	0.1.0	2026-11-30 21:56:56.121813+00
\.


--
-- Data for Name: series; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.series (counter, next) FROM stdin;
\.


--
-- Data for Name: station; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.station (id, name, joined_utc) FROM stdin;
\.


--
-- Data for Name: told; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.told (record, link, sha256) FROM stdin;
\.


--
-- Data for Name: twice; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.twice (id, found_utc, what, text, record, run, other_record, other_run) FROM stdin;
\.


--
-- Data for Name: unit; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit (record, link, id, board, run, serial, salt, taken_utc) FROM stdin;
\.


--
-- Data for Name: unit_decision; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_decision (record, link, id, what, board, serial, mark, operator, reason, host, made_utc) FROM stdin;
\.


--
-- Data for Name: unit_digest_other; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_digest_other (record, link, run_utc, attempt, number, place, "offset", size_bytes, expected_md5, read_md5, written_md5, written_sha256, skipped_bytes) FROM stdin;
\.


--
-- Data for Name: unit_item; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_item (record, link, id, unit, source, name, number, sha256, label) FROM stdin;
\.


--
-- Data for Name: unit_item_released; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_item_released (record, link, decision, id) FROM stdin;
\.


--
-- Data for Name: unit_released; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_released (record, link, decision, id) FROM stdin;
\.


--
-- Data for Name: unit_value; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_value (record, link, id, unit, name, text, sha256, source, is_unique) FROM stdin;
\.


--
-- Data for Name: unit_value_released; Type: TABLE DATA; Schema: espstation; Owner: -
--

COPY espstation.unit_value_released (record, link, decision, id) FROM stdin;
\.


--
-- Name: cell_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.cell_id_seq', 1, false);


--
-- Name: known_lot_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.known_lot_id_seq', 1, false);


--
-- Name: known_recipe_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.known_recipe_id_seq', 1, false);


--
-- Name: record_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.record_id_seq', 1, false);


--
-- Name: station_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.station_id_seq', 1, false);


--
-- Name: twice_id_seq; Type: SEQUENCE SET; Schema: espstation; Owner: -
--

SELECT pg_catalog.setval('espstation.twice_id_seq', 1, false);


--
-- Name: act act_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.act
    ADD CONSTRAINT act_pkey PRIMARY KEY (record, id);


--
-- Name: again again_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.again
    ADD CONSTRAINT again_pkey PRIMARY KEY (mac, lot, run_utc, record, run);


--
-- Name: attempt attempt_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (record, id, run_utc);


--
-- Name: attempt_other attempt_other_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.attempt_other
    ADD CONSTRAINT attempt_other_pkey PRIMARY KEY (record, id, run_utc);


--
-- Name: board_lot board_lot_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.board_lot
    ADD CONSTRAINT board_lot_pkey PRIMARY KEY (mac, lot);


--
-- Name: board board_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.board
    ADD CONSTRAINT board_pkey PRIMARY KEY (record, id);


--
-- Name: burn burn_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.burn
    ADD CONSTRAINT burn_pkey PRIMARY KEY (record, id);


--
-- Name: cell_code cell_code_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.cell_code
    ADD CONSTRAINT cell_code_pkey PRIMARY KEY (cell, code);


--
-- Name: cell cell_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.cell
    ADD CONSTRAINT cell_pkey PRIMARY KEY (id);


--
-- Name: cell_rate cell_rate_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.cell_rate
    ADD CONSTRAINT cell_rate_pkey PRIMARY KEY (cell, baud_asked, baud);


--
-- Name: cell cell_station_day_lot_slot_recipe_chip_key; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.cell
    ADD CONSTRAINT cell_station_day_lot_slot_recipe_chip_key UNIQUE (station, day, lot, slot, recipe, chip);


--
-- Name: checkpoint checkpoint_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (record, id);


--
-- Name: claim claim_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.claim
    ADD CONSTRAINT claim_pkey PRIMARY KEY (id);


--
-- Name: corrected corrected_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.corrected
    ADD CONSTRAINT corrected_pkey PRIMARY KEY (record, run);


--
-- Name: correction correction_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.correction
    ADD CONSTRAINT correction_pkey PRIMARY KEY (record, id);


--
-- Name: digest digest_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.digest
    ADD CONSTRAINT digest_pkey PRIMARY KEY (record, attempt, image, run_utc);


--
-- Name: digest_other digest_other_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.digest_other
    ADD CONSTRAINT digest_other_pkey PRIMARY KEY (record, attempt, image, run_utc);


--
-- Name: image image_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.image
    ADD CONSTRAINT image_pkey PRIMARY KEY (record, id);


--
-- Name: known_lot known_lot_name_key; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.known_lot
    ADD CONSTRAINT known_lot_name_key UNIQUE (name);


--
-- Name: known_lot known_lot_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.known_lot
    ADD CONSTRAINT known_lot_pkey PRIMARY KEY (id);


--
-- Name: known_recipe known_recipe_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.known_recipe
    ADD CONSTRAINT known_recipe_pkey PRIMARY KEY (id);


--
-- Name: known_recipe known_recipe_plan_sha256_key; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.known_recipe
    ADD CONSTRAINT known_recipe_plan_sha256_key UNIQUE (plan_sha256);


--
-- Name: label_end label_end_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.label_end
    ADD CONSTRAINT label_end_pkey PRIMARY KEY (record, id);


--
-- Name: label label_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.label
    ADD CONSTRAINT label_pkey PRIMARY KEY (record, id);


--
-- Name: lease_end lease_end_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lease_end
    ADD CONSTRAINT lease_end_pkey PRIMARY KEY (record, id);


--
-- Name: lease lease_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (record, id);


--
-- Name: lineage lineage_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lineage
    ADD CONSTRAINT lineage_pkey PRIMARY KEY (record, ancestor);


--
-- Name: link link_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.link
    ADD CONSTRAINT link_pkey PRIMARY KEY (record, id);


--
-- Name: lot lot_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lot
    ADD CONSTRAINT lot_pkey PRIMARY KEY (record, id);


--
-- Name: process_end process_end_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.process_end
    ADD CONSTRAINT process_end_pkey PRIMARY KEY (record, id);


--
-- Name: process process_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.process
    ADD CONSTRAINT process_pkey PRIMARY KEY (record, id);


--
-- Name: quota quota_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.quota
    ADD CONSTRAINT quota_pkey PRIMARY KEY (lot);


--
-- Name: recipe recipe_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.recipe
    ADD CONSTRAINT recipe_pkey PRIMARY KEY (record, id);


--
-- Name: record record_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.record
    ADD CONSTRAINT record_pkey PRIMARY KEY (id);


--
-- Name: run run_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (record, id, run_utc);


--
-- Name: run_other run_other_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.run_other
    ADD CONSTRAINT run_other_pkey PRIMARY KEY (record, id, run_utc);


--
-- Name: schema_version schema_version_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);


--
-- Name: series series_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.series
    ADD CONSTRAINT series_pkey PRIMARY KEY (counter);


--
-- Name: station station_name_key; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.station
    ADD CONSTRAINT station_name_key UNIQUE (name);


--
-- Name: station station_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (id);


--
-- Name: told told_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.told
    ADD CONSTRAINT told_pkey PRIMARY KEY (record);


--
-- Name: twice twice_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.twice
    ADD CONSTRAINT twice_pkey PRIMARY KEY (id);


--
-- Name: unit_decision unit_decision_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_decision
    ADD CONSTRAINT unit_decision_pkey PRIMARY KEY (record, id);


--
-- Name: unit_digest unit_digest_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_digest
    ADD CONSTRAINT unit_digest_pkey PRIMARY KEY (record, attempt, number, run_utc);


--
-- Name: unit_digest_other unit_digest_other_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_digest_other
    ADD CONSTRAINT unit_digest_other_pkey PRIMARY KEY (record, attempt, number, run_utc);


--
-- Name: unit_item unit_item_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_item
    ADD CONSTRAINT unit_item_pkey PRIMARY KEY (record, id);


--
-- Name: unit_item_released unit_item_released_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_item_released
    ADD CONSTRAINT unit_item_released_pkey PRIMARY KEY (record, id);


--
-- Name: unit unit_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit
    ADD CONSTRAINT unit_pkey PRIMARY KEY (record, id);


--
-- Name: unit_released unit_released_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_released
    ADD CONSTRAINT unit_released_pkey PRIMARY KEY (record, id);


--
-- Name: unit_value unit_value_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_value
    ADD CONSTRAINT unit_value_pkey PRIMARY KEY (record, id);


--
-- Name: unit_value_released unit_value_released_pkey; Type: CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.unit_value_released
    ADD CONSTRAINT unit_value_released_pkey PRIMARY KEY (record, id);


--
-- Name: attempt_run; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX attempt_run ON ONLY espstation.attempt USING btree (record, run);


--
-- Name: attempt_other_record_run_idx; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX attempt_other_record_run_idx ON espstation.attempt_other USING btree (record, run);


--
-- Name: board_base; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX board_base ON espstation.board USING btree ((
CASE length(mac)
    WHEN 23 THEN (substr(mac, 1, 8) || substr(mac, 15))
    ELSE mac
END));


--
-- Name: board_mac; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX board_mac ON espstation.board USING btree (mac);


--
-- Name: burn_run; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX burn_run ON espstation.burn USING btree (record, run);


--
-- Name: claim_mac; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX claim_mac ON espstation.claim USING btree ((
CASE length(mac)
    WHEN 23 THEN (substr(mac, 1, 8) || substr(mac, 15))
    ELSE mac
END)) WHERE (kind = 'board'::text);


--
-- Name: claim_record; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX claim_record ON espstation.claim USING btree (record);


--
-- Name: correction_run; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX correction_run ON espstation.correction USING btree (record, run);


--
-- Name: image_recipe; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX image_recipe ON espstation.image USING btree (record, recipe);


--
-- Name: lineage_ancestor; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX lineage_ancestor ON espstation.lineage USING btree (ancestor);


--
-- Name: lot_name; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX lot_name ON espstation.lot USING btree (name);


--
-- Name: recipe_name; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX recipe_name ON espstation.recipe USING btree (name);


--
-- Name: record_current; Type: INDEX; Schema: espstation; Owner: -
--

CREATE UNIQUE INDEX record_current ON espstation.record USING btree (station) WHERE (replaced_utc IS NULL);


--
-- Name: record_first; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX record_first ON espstation.record USING btree (first_sha256);


--
-- Name: run_board; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_board ON ONLY espstation.run USING btree (record, board);


--
-- Name: run_claim; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_claim ON ONLY espstation.run USING btree (record, link) WHERE (claim IS NOT NULL);


--
-- Name: run_lot; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_lot ON ONLY espstation.run USING btree (record, lot);


--
-- Name: run_other_record_board_idx; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_other_record_board_idx ON espstation.run_other USING btree (record, board);


--
-- Name: run_other_record_link_idx; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_other_record_link_idx ON espstation.run_other USING btree (record, link) WHERE (claim IS NOT NULL);


--
-- Name: run_other_record_lot_idx; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_other_record_lot_idx ON espstation.run_other USING btree (record, lot);


--
-- Name: run_started; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_started ON ONLY espstation.run USING btree (run_utc);


--
-- Name: run_other_run_utc_idx; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX run_other_run_utc_idx ON espstation.run_other USING btree (run_utc);


--
-- Name: unit_board; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX unit_board ON espstation.unit USING btree (record, board);


--
-- Name: unit_link; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX unit_link ON espstation.unit USING btree (record, link);


--
-- Name: unit_serial; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX unit_serial ON espstation.unit USING btree (serial);


--
-- Name: unit_value_unit; Type: INDEX; Schema: espstation; Owner: -
--

CREATE INDEX unit_value_unit ON espstation.unit_value USING btree (record, unit);


--
-- Name: attempt_other_pkey; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.attempt_pkey ATTACH PARTITION espstation.attempt_other_pkey;


--
-- Name: attempt_other_record_run_idx; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.attempt_run ATTACH PARTITION espstation.attempt_other_record_run_idx;


--
-- Name: digest_other_pkey; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.digest_pkey ATTACH PARTITION espstation.digest_other_pkey;


--
-- Name: run_other_pkey; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.run_pkey ATTACH PARTITION espstation.run_other_pkey;


--
-- Name: run_other_record_board_idx; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.run_board ATTACH PARTITION espstation.run_other_record_board_idx;


--
-- Name: run_other_record_link_idx; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.run_claim ATTACH PARTITION espstation.run_other_record_link_idx;


--
-- Name: run_other_record_lot_idx; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.run_lot ATTACH PARTITION espstation.run_other_record_lot_idx;


--
-- Name: run_other_run_utc_idx; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.run_started ATTACH PARTITION espstation.run_other_run_utc_idx;


--
-- Name: unit_digest_other_pkey; Type: INDEX ATTACH; Schema: espstation; Owner: -
--

ALTER INDEX espstation.unit_digest_pkey ATTACH PARTITION espstation.unit_digest_other_pkey;


--
-- Name: attempt attempt_counted; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER attempt_counted AFTER INSERT ON espstation.attempt REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_attempt();


--
-- Name: correction correction_counted; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER correction_counted AFTER INSERT ON espstation.correction REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_correction();


--
-- Name: lot lot_counted; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER lot_counted AFTER INSERT ON espstation.lot REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_lot();


--
-- Name: recipe recipe_counted; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER recipe_counted AFTER INSERT ON espstation.recipe REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_recipe();


--
-- Name: record record_mark; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER record_mark BEFORE UPDATE ON espstation.record FOR EACH ROW EXECUTE FUNCTION espstation.mark_goes_forward();


--
-- Name: run run_counted; Type: TRIGGER; Schema: espstation; Owner: -
--

CREATE TRIGGER run_counted AFTER INSERT ON espstation.run REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_run();


--
-- Name: claim claim_record_fkey; Type: FK CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.claim
    ADD CONSTRAINT claim_record_fkey FOREIGN KEY (record) REFERENCES espstation.record(id);


--
-- Name: lineage lineage_ancestor_fkey; Type: FK CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lineage
    ADD CONSTRAINT lineage_ancestor_fkey FOREIGN KEY (ancestor) REFERENCES espstation.record(id);


--
-- Name: lineage lineage_record_fkey; Type: FK CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.lineage
    ADD CONSTRAINT lineage_record_fkey FOREIGN KEY (record) REFERENCES espstation.record(id);


--
-- Name: record record_parent_fkey; Type: FK CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.record
    ADD CONSTRAINT record_parent_fkey FOREIGN KEY (parent) REFERENCES espstation.record(id);


--
-- Name: record record_station_fkey; Type: FK CONSTRAINT; Schema: espstation; Owner: -
--

ALTER TABLE ONLY espstation.record
    ADD CONSTRAINT record_station_fkey FOREIGN KEY (station) REFERENCES espstation.station(id);


--
-- Name: SCHEMA espstation; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA espstation TO espstation_station;
GRANT USAGE ON SCHEMA espstation TO espstation_reader;


--
-- Name: FUNCTION account(p_record integer, p_after bigint, p_upto bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.account(p_record integer, p_after bigint, p_upto bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.account(p_record integer, p_after bigint, p_upto bigint) TO espstation_station;


--
-- Name: TABLE correction; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.correction TO espstation_station;
GRANT SELECT ON TABLE espstation.correction TO espstation_reader;


--
-- Name: FUNCTION account_correction(p_record integer, k espstation.correction); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.account_correction(p_record integer, k espstation.correction) FROM PUBLIC;


--
-- Name: TABLE lease; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.lease TO espstation_station;
GRANT SELECT ON TABLE espstation.lease TO espstation_reader;


--
-- Name: FUNCTION account_lease(p_record integer, e espstation.lease); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.account_lease(p_record integer, e espstation.lease) FROM PUBLIC;


--
-- Name: TABLE lease_end; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.lease_end TO espstation_station;
GRANT SELECT ON TABLE espstation.lease_end TO espstation_reader;


--
-- Name: FUNCTION account_lease_end(p_record integer, n espstation.lease_end); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.account_lease_end(p_record integer, n espstation.lease_end) FROM PUBLIC;


--
-- Name: TABLE run; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.run TO espstation_station;
GRANT SELECT ON TABLE espstation.run TO espstation_reader;


--
-- Name: FUNCTION account_run(p_record integer, r espstation.run); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.account_run(p_record integer, r espstation.run) FROM PUBLIC;


--
-- Name: FUNCTION add_taken(p_lot text, p_places bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.add_taken(p_lot text, p_places bigint) FROM PUBLIC;


--
-- Name: FUNCTION ask_board(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_mac text, p_rule text, p_lot text, p_quantity bigint, p_wants_place boolean, p_serial text, OUT answer text, OUT other text, OUT run bigint, OUT at text, OUT taken bigint, OUT quantity bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.ask_board(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_mac text, p_rule text, p_lot text, p_quantity bigint, p_wants_place boolean, p_serial text, OUT answer text, OUT other text, OUT run bigint, OUT at text, OUT taken bigint, OUT quantity bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.ask_board(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_mac text, p_rule text, p_lot text, p_quantity bigint, p_wants_place boolean, p_serial text, OUT answer text, OUT other text, OUT run bigint, OUT at text, OUT taken bigint, OUT quantity bigint) TO espstation_station;


--
-- Name: FUNCTION ask_numbers(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_counter text, p_start bigint, p_end bigint, p_step bigint, p_count bigint, OUT answer text, OUT first bigint, OUT last bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.ask_numbers(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_counter text, p_start bigint, p_end bigint, p_step bigint, p_count bigint, OUT answer text, OUT first bigint, OUT last bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.ask_numbers(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_counter text, p_start bigint, p_end bigint, p_step bigint, p_count bigint, OUT answer text, OUT first bigint, OUT last bigint) TO espstation_station;


--
-- Name: FUNCTION ask_places(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_lot text, p_quantity bigint, p_places bigint, p_seconds bigint, p_operator text, OUT answer text, OUT places bigint, OUT taken bigint, OUT quantity bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.ask_places(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_lot text, p_quantity bigint, p_places bigint, p_seconds bigint, p_operator text, OUT answer text, OUT places bigint, OUT taken bigint, OUT quantity bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.ask_places(p_id bigint, p_record integer, p_process bigint, p_link bigint, p_sha256 text, p_lot text, p_quantity bigint, p_places bigint, p_seconds bigint, p_operator text, OUT answer text, OUT places bigint, OUT taken bigint, OUT quantity bigint) TO espstation_station;


--
-- Name: FUNCTION count_attempt(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_attempt() FROM PUBLIC;


--
-- Name: FUNCTION count_attempts_of(first timestamp with time zone); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_attempts_of(first timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION count_correction(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_correction() FROM PUBLIC;


--
-- Name: FUNCTION count_lot(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_lot() FROM PUBLIC;


--
-- Name: FUNCTION count_recipe(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_recipe() FROM PUBLIC;


--
-- Name: FUNCTION count_run(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_run() FROM PUBLIC;


--
-- Name: FUNCTION count_runs_of(first timestamp with time zone); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.count_runs_of(first timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION give_back(p_record integer, p_id bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.give_back(p_record integer, p_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.give_back(p_record integer, p_id bigint) TO espstation_station;


--
-- Name: FUNCTION lease_lost(p_id bigint, p_used bigint, p_by text, p_reason text, p_host text, OUT answer text, OUT places bigint, OUT lot text, OUT at text); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.lease_lost(p_id bigint, p_used bigint, p_by text, p_reason text, p_host text, OUT answer text, OUT places bigint, OUT lot text, OUT at text) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.lease_lost(p_id bigint, p_used bigint, p_by text, p_reason text, p_host text, OUT answer text, OUT places bigint, OUT lot text, OUT at text) TO espstation_station;


--
-- Name: FUNCTION lot_of(p_record integer, p_lot bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.lot_of(p_record integer, p_lot bigint) FROM PUBLIC;


--
-- Name: FUNCTION mac_of(p_record integer, p_board bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.mac_of(p_record integer, p_board bigint) FROM PUBLIC;


--
-- Name: FUNCTION make_month(month text); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.make_month(month text) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.make_month(month text) TO espstation_station;


--
-- Name: FUNCTION open_quota(p_lot text, p_quantity bigint); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.open_quota(p_lot text, p_quantity bigint) FROM PUBLIC;


--
-- Name: FUNCTION passed_elsewhere(p_record integer, p_mac text, p_ever boolean, p_lot text); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.passed_elsewhere(p_record integer, p_mac text, p_ever boolean, p_lot text) FROM PUBLIC;


--
-- Name: FUNCTION recount(); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.recount() FROM PUBLIC;


--
-- Name: FUNCTION serial_elsewhere(p_record integer, p_serial text, p_mac text); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.serial_elsewhere(p_record integer, p_serial text, p_mac text) FROM PUBLIC;


--
-- Name: FUNCTION tell_link(p_record integer, p_link bigint, p_sha256 text); Type: ACL; Schema: espstation; Owner: -
--

REVOKE ALL ON FUNCTION espstation.tell_link(p_record integer, p_link bigint, p_sha256 text) FROM PUBLIC;
GRANT ALL ON FUNCTION espstation.tell_link(p_record integer, p_link bigint, p_sha256 text) TO espstation_station;


--
-- Name: TABLE act; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.act TO espstation_station;
GRANT SELECT ON TABLE espstation.act TO espstation_reader;


--
-- Name: TABLE again; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.again TO espstation_station;
GRANT SELECT ON TABLE espstation.again TO espstation_reader;


--
-- Name: TABLE attempt; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.attempt TO espstation_station;
GRANT SELECT ON TABLE espstation.attempt TO espstation_reader;


--
-- Name: TABLE attempt_other; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.attempt_other TO espstation_station;
GRANT SELECT ON TABLE espstation.attempt_other TO espstation_reader;


--
-- Name: TABLE board; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.board TO espstation_station;
GRANT SELECT ON TABLE espstation.board TO espstation_reader;


--
-- Name: TABLE board_lot; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.board_lot TO espstation_station;
GRANT SELECT ON TABLE espstation.board_lot TO espstation_reader;


--
-- Name: TABLE burn; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.burn TO espstation_station;
GRANT SELECT ON TABLE espstation.burn TO espstation_reader;


--
-- Name: TABLE cell; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.cell TO espstation_station;
GRANT SELECT ON TABLE espstation.cell TO espstation_reader;


--
-- Name: TABLE cell_code; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.cell_code TO espstation_station;
GRANT SELECT ON TABLE espstation.cell_code TO espstation_reader;


--
-- Name: TABLE known_lot; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.known_lot TO espstation_station;
GRANT SELECT ON TABLE espstation.known_lot TO espstation_reader;


--
-- Name: TABLE known_recipe; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.known_recipe TO espstation_station;
GRANT SELECT ON TABLE espstation.known_recipe TO espstation_reader;


--
-- Name: TABLE station; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.station TO espstation_station;
GRANT SELECT ON TABLE espstation.station TO espstation_reader;


--
-- Name: TABLE causes; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.causes TO espstation_station;
GRANT SELECT ON TABLE espstation.causes TO espstation_reader;


--
-- Name: TABLE cell_rate; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.cell_rate TO espstation_station;
GRANT SELECT ON TABLE espstation.cell_rate TO espstation_reader;


--
-- Name: TABLE checkpoint; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.checkpoint TO espstation_station;
GRANT SELECT ON TABLE espstation.checkpoint TO espstation_reader;


--
-- Name: TABLE claim; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.claim TO espstation_station;
GRANT SELECT ON TABLE espstation.claim TO espstation_reader;


--
-- Name: TABLE corrected; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.corrected TO espstation_station;
GRANT SELECT ON TABLE espstation.corrected TO espstation_reader;


--
-- Name: TABLE digest; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.digest TO espstation_station;
GRANT SELECT ON TABLE espstation.digest TO espstation_reader;


--
-- Name: TABLE digest_other; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.digest_other TO espstation_station;
GRANT SELECT ON TABLE espstation.digest_other TO espstation_reader;


--
-- Name: TABLE record; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.record TO espstation_station;
GRANT SELECT ON TABLE espstation.record TO espstation_reader;


--
-- Name: COLUMN record.link; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(link) ON TABLE espstation.record TO espstation_station;


--
-- Name: COLUMN record.sha256; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(sha256) ON TABLE espstation.record TO espstation_station;


--
-- Name: COLUMN record.replaced_utc; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(replaced_utc) ON TABLE espstation.record TO espstation_station;


--
-- Name: COLUMN record.sent_utc; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(sent_utc) ON TABLE espstation.record TO espstation_station;


--
-- Name: COLUMN record.sent_host; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(sent_host) ON TABLE espstation.record TO espstation_station;


--
-- Name: COLUMN record.tool_version; Type: ACL; Schema: espstation; Owner: -
--

GRANT UPDATE(tool_version) ON TABLE espstation.record TO espstation_station;


--
-- Name: TABLE twice; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.twice TO espstation_station;
GRANT SELECT ON TABLE espstation.twice TO espstation_reader;


--
-- Name: TABLE duplicates; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.duplicates TO espstation_station;
GRANT SELECT ON TABLE espstation.duplicates TO espstation_reader;


--
-- Name: TABLE image; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.image TO espstation_station;
GRANT SELECT ON TABLE espstation.image TO espstation_reader;


--
-- Name: TABLE label; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.label TO espstation_station;
GRANT SELECT ON TABLE espstation.label TO espstation_reader;


--
-- Name: TABLE label_end; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.label_end TO espstation_station;
GRANT SELECT ON TABLE espstation.label_end TO espstation_reader;


--
-- Name: TABLE leases; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.leases TO espstation_station;
GRANT SELECT ON TABLE espstation.leases TO espstation_reader;


--
-- Name: TABLE lineage; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.lineage TO espstation_station;
GRANT SELECT ON TABLE espstation.lineage TO espstation_reader;


--
-- Name: TABLE link; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.link TO espstation_station;
GRANT SELECT ON TABLE espstation.link TO espstation_reader;


--
-- Name: TABLE lot; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.lot TO espstation_station;
GRANT SELECT ON TABLE espstation.lot TO espstation_reader;


--
-- Name: TABLE process; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.process TO espstation_station;
GRANT SELECT ON TABLE espstation.process TO espstation_reader;


--
-- Name: TABLE process_end; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.process_end TO espstation_station;
GRANT SELECT ON TABLE espstation.process_end TO espstation_reader;


--
-- Name: TABLE production; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.production TO espstation_station;
GRANT SELECT ON TABLE espstation.production TO espstation_reader;


--
-- Name: TABLE quota; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.quota TO espstation_station;
GRANT SELECT ON TABLE espstation.quota TO espstation_reader;


--
-- Name: TABLE recipe; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.recipe TO espstation_station;
GRANT SELECT ON TABLE espstation.recipe TO espstation_reader;


--
-- Name: TABLE run_other; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.run_other TO espstation_station;
GRANT SELECT ON TABLE espstation.run_other TO espstation_reader;


--
-- Name: TABLE runs; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.runs TO espstation_station;
GRANT SELECT ON TABLE espstation.runs TO espstation_reader;


--
-- Name: TABLE schema_version; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.schema_version TO espstation_station;
GRANT SELECT ON TABLE espstation.schema_version TO espstation_reader;


--
-- Name: TABLE series; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.series TO espstation_station;
GRANT SELECT ON TABLE espstation.series TO espstation_reader;


--
-- Name: TABLE stations; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.stations TO espstation_station;
GRANT SELECT ON TABLE espstation.stations TO espstation_reader;


--
-- Name: TABLE told; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT ON TABLE espstation.told TO espstation_station;
GRANT SELECT ON TABLE espstation.told TO espstation_reader;


--
-- Name: TABLE unit; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit TO espstation_station;
GRANT SELECT ON TABLE espstation.unit TO espstation_reader;


--
-- Name: TABLE unit_decision; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_decision TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_decision TO espstation_reader;


--
-- Name: TABLE unit_digest; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_digest TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_digest TO espstation_reader;


--
-- Name: TABLE unit_digest_other; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_digest_other TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_digest_other TO espstation_reader;


--
-- Name: TABLE unit_item; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_item TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_item TO espstation_reader;


--
-- Name: TABLE unit_item_released; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_item_released TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_item_released TO espstation_reader;


--
-- Name: TABLE unit_released; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_released TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_released TO espstation_reader;


--
-- Name: TABLE unit_value; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_value TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_value TO espstation_reader;


--
-- Name: TABLE unit_value_released; Type: ACL; Schema: espstation; Owner: -
--

GRANT SELECT,INSERT ON TABLE espstation.unit_value_released TO espstation_station;
GRANT SELECT ON TABLE espstation.unit_value_released TO espstation_reader;


--
-- PostgreSQL database dump complete
--

\unrestrict mFMKVNAPcrus7GrYpkaT2gWGtaUPue52VWsSNPu0pW8Ar3LdRiSuFuryDeMsrSr

