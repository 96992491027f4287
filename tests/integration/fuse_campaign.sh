# The short form of the campaign of burns (make fuse-campaign runs all of it): some steps of one plan with each
# disturbance. Nothing may be burnt that the plan does not have, no board pass whose fuses differ, no key be found.
. "$(dirname "$0")/lib.sh"
need_node 20 11
seed=${CAMPAIGN_SEED:-1}
BUILD=$bin timeout 1500 "$NODE" "$root/tests/campaign/fuses.mjs" --short --seed "$seed" >"$work/out" 2>&1 </dev/null
status=$?
for kind in "burnt and not planned" "PASS with a fuse that differs" "PASS and not running" secret core "no verdict" "wrong code" \
    untrue "called lost and is not" "called good and is not" "not refused" audit lost; do
    check "campaign of burns with seed $seed: $kind: 0" "$work/out" grep -qx "$kind: 0" "$work/out"
done
check "campaign of burns with seed $seed: nothing else was wrong" "$work/out" test $status = 0
check "campaign of burns with seed $seed: boards passed though disturbed" "$work/out" grep -qE "boards: [1-9][0-9]* passed though" "$work/out"
echo "1..$test_number"
