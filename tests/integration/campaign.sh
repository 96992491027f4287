# The short form of the fault campaign (make campaign runs all of it): a rack of boards with faults at
# many places, random mixes and two boards that change places. No verdict, and nothing the record says
# of a board, may differ from what is in the flash.
. "$(dirname "$0")/lib.sh"
seed=${CAMPAIGN_SEED:-1}

need_node 16 0
BUILD=$bin timeout 1500 "$NODE" "$root/tests/campaign/campaign.mjs" --short --seed "$seed" >"$work/out" 2>&1 </dev/null
status=$?
for kind in "wrong PASS" "wrong FAIL" "wrong code" untrue hang crash; do
    check "campaign with seed $seed: $kind: 0" "$work/out" grep -qx "$kind: 0" "$work/out"
done
check "campaign with seed $seed: every fault has its row, and nothing else was wrong" "$work/out" test $status = 0
check "campaign with seed $seed: boards passed after retries, and others failed" "$work/out" \
    grep -qE "PASS \([1-9][0-9]* after retries\), [1-9][0-9]* FAIL" "$work/out"
echo "1..$test_number"
