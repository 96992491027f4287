# The auditor's record: the pages for auditors work as they stand, and what somebody changes is named.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
export XDG_CONFIG_HOME=$work/config PATH=$bin:$PATH
docs=$root/docs
cd "$work" || exit 1
db=espstation.db
key=$work/config/espstation/station-key.pem

# All commands of a page under a heading, as one script.
commands_of() { # page heading
    awk -v h="## $2" '/^## /{on = $0 == h} on && /^```/{code = /^```sh/; next} on && code' "$docs/$1"
}

# ---- A lot, flashed and closed ---------------------------------------------------------------------
start_fixture --boards 4 --chip esp32 --speed 20
check "a lot is opened" out exits 0 espstation lot open 2026-11 --quantity 4 --operator Eve --recipe "$images/esp32.yaml"
check "its boards pass" out exits 0 espstation run "$images/esp32.yaml" "${port_options[@]}" --lot 2026-11 --operator Eve
check "re-work needs a name and a reason" out exits 2 espstation run "$images/esp32.yaml" --port "${ports[0]}" --lot 2026-11 --rework
check "a board is flashed again for a reason" out exits 0 espstation run "$images/esp32.yaml" --port "${ports[0]}" \
    --lot 2026-11 --rework --operator Ann --reason "new label"
check "the history tells why" out exits 0 espstation history 24:0a:c4:00:00:00
check "with name and reason" out says out "re-work of run" "new label" Ann
check "a run is corrected by a new row" out exits 0 espstation correct 2 --verdict fail --operator Ann --reason cracked
check "a correction without a reason is refused" out exits 2 espstation correct 2 --verdict fail --operator Ann
mac=$(sql $db "select mac from runs where run = 2")
check "the history tells the correction" out exits 0 espstation history "$mac"
check "with name and reason" out says out "Ann" "cracked" "FAIL"
echo mine >taken.checkpoint
check "a checkpoint's name that is taken is found before the lot is closed" out \
    exits 2 espstation lot close 2026-11 --operator Eve --checkpoint taken.checkpoint
check "the lot is closed" out exits 0 espstation lot close 2026-11 --operator Eve --checkpoint 2026-11.checkpoint
check "its key is the owner's alone" "$key" test "$(stat -c %a "$key")" = 600
check "a closed lot refuses boards" out exits 2 espstation run "$images/esp32.yaml" --port "${ports[0]}" --lot 2026-11
check "in a clear sentence" out says out "Lot 2026-11 was closed at" "espstation lot open"
stop_fixture

# ---- The audit -------------------------------------------------------------------------------------
check "the record is whole" out exits 0 espstation audit
check "also by the checkpoint and the public key" out exits 0 \
    espstation audit --checkpoint 2026-11.checkpoint --public-key "$key.pub"
check "a checkpoint of the end is signed" out exits 0 espstation audit --save end.checkpoint
check "and never overwritten" out exits 2 espstation audit --save end.checkpoint
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out other.pub
check "another key is noticed" out exits 1 espstation audit --public-key other.pub

# ---- By hand, with the commands of the page --------------------------------------------------------
mkdir hand
cp $db hand/ && cp "$key.pub" hand/station.pub
commands_of audit.md "Verify a lot by hand" >hand.sh
by_hand() { (cd hand && rm -rf forms links && bash ../hand.sh) >out 2>&1; }
by_hand
check "the page's commands find every row, link and signature right" out \
    says out "Every row is as it was linked." "The chain is unbroken." "Signature Verified Successfully" "The lot is signed."
sqlite3 hand/$db "drop trigger run_closed_is_final; update run set duration_ms = 1 where id = 3"
by_hand
check "and a changed row" out grep -q '^[<>].*forms/' out
check "but no change elsewhere" out says out "The chain is unbroken." "The lot is signed."
check "the audit names it" out exits 1 espstation audit --db hand/$db
check "with its number and its board" out says out "changed    run 3 (24:0a:c4:00:00" "run_closed_is_final was dropped" ALTERED
check "as JSON too" out exits 1 espstation audit --db hand/$db --json
check "one object a line" out says out '"finding":"changed"' '"findings":2'

# ---- A tail cut off --------------------------------------------------------------------------------
cp $db cut.db
sqlite3 cut.db "drop trigger link_kept; drop trigger station_only_ends; drop trigger station_kept; pragma foreign_keys = off;
    delete from link where id > 3; drop trigger run_kept; drop trigger attempt_kept; drop trigger digest_kept;
    drop trigger board_kept; drop trigger correction_kept; drop trigger checkpoint_kept; delete from digest; delete from attempt;
    delete from correction; delete from checkpoint; delete from run; delete from board; delete from station;"
check "what a checkpoint has seen and the record has no more is missed" out \
    exits 1 espstation audit --db cut.db --checkpoint 2026-11.checkpoint
check "as truncated" out says out "truncated  The checkpoint given has seen" "the record ends with link 3"

check "what was altered and cut is altered" out exits 1 espstation audit --db hand/$db --checkpoint 2026-11.checkpoint
check "and nothing else" out sh -c "grep -q '^THE RECORD WAS ALTERED: ' out && ! grep -q 'is not of this record' out"

# ---- A checkpoint that is none, of another record, or changed ----------------------------------------
echo "link: 5" >none.checkpoint
check "a file that is no checkpoint is refused" out exits 2 espstation audit --checkpoint none.checkpoint
check "in a sentence about the file" out says out "The file given is no checkpoint" "lot close --checkpoint"
check "and nothing is said of the record" out sh -c '! grep -qi "altered\|whole" out'
check "a recipe is none, either" out exits 2 espstation audit --checkpoint "$images/esp32.yaml"
cp "$root/tests/data/record/v2.checkpoint" another.checkpoint
check "a checkpoint of another record: status 1" out exits 1 espstation audit --checkpoint another.checkpoint
check "both possibilities are named" out says out "THE RECORD WAS ALTERED, or another.checkpoint is not of this record" \
    "Make sure that the two belong together"
sed 's/^by: .*/by: Mallory/' 2026-11.checkpoint >changed.checkpoint
check "a checkpoint that was changed: status 1" out exits 1 espstation audit --checkpoint changed.checkpoint
check "its signature tells" out says out "forged     The checkpoint given was changed: its signature is not valid"

# ---- A record of an earlier version that has grown -------------------------------------------------
mkdir old
sqlite3 old/$db <"$root/tests/data/record/v2.sql" >/dev/null
cp "$root/tests/data/record/v2.checkpoint" old/
{ echo "-----BEGIN PUBLIC KEY-----"; sed -n 's/^key: //p' old/v2.checkpoint; echo "-----END PUBLIC KEY-----"; } >old/station.pub
start_fixture --boards 1 --chip esp32 --speed 20
check "a record of version 2 is written on" out exits 0 espstation run "$images/esp32.yaml" --port "${ports[0]}" --db old/$db
stop_fixture
check "with its new columns in use" out test "$(sql old/$db "select count(presence) from station where id > 4")" = 1
check "it is whole, with all that its old checkpoint has seen" out \
    exits 0 espstation audit --db old/$db --checkpoint old/v2.checkpoint --public-key old/station.pub
by_hand_old() { (cd old && rm -rf forms links && bash ../hand.sh) >out 2>&1; }
by_hand_old
check "by hand too" out \
    says out "Every row is as it was linked." "The chain is unbroken." "Signature Verified Successfully" "The lot is signed."
sqlite3 old/$db "drop trigger station_only_ends; update station set presence = '00000000000000000000000000000000' where id = 1"
by_hand_old
check "by hand a new column of an old row is missed too" out grep -q '^[<>].*forms/3$' out
check "and the audit names its row" out exits 1 espstation audit --db old/$db
check "by number and name" out says out "changed    station 1 (line1, 2026-11-29T14:58:19.347Z) was changed"

# ---- Copies ----------------------------------------------------------------------------------------
check "a copy is made" out exits 0 espstation backup copy.db
check "and is whole" out exits 0 espstation audit --db copy.db --checkpoint end.checkpoint
check "and never overwritten" out exits 4 espstation backup copy.db
check "a copy of an altered record says so" out exits 1 espstation backup altered.db --db hand/$db

# ---- The queries of the page -----------------------------------------------------------------------
awk '/^```sql/{on = 1; n++; next} /^```/{on = 0} on {print > ("query" n ".sql")}' "$docs/queries.md"
check "the page has ten queries" "$docs/queries.md" test "$(ls query*.sql | wc -l)" = 10
for n in 1 2 3 4 5 6 7 8 9 10; do
    sqlite3 -readonly $db <query$n.sql >out 2>&1
    status=$?
    # Nothing failed or was slow here, so two of them have nothing to tell.
    case $n in 3 | 10) rows=0 ;; *) rows=1 ;; esac
    check "query $n runs and answers" out test $status -eq 0 -a "$(wc -l <out)" -ge $rows
done
echo "1..$test_number"
