# Signed recipes: what a station takes that wants signatures, and what openssl alone says of one.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
export XDG_CONFIG_HOME=$work/config
recipe=$images/esp32.yaml
cat >"$work/station.yaml" <<YAML
station: line 1
record: record.db
recipes: { only_signed_by: recipe-keys }
slots: [{ name: A1, port: "rfc2217://127.0.0.1:1" }]
YAML
export ESPSTATION_STATION=$work/station.yaml
start_fixture --boards 1 --chip esp32 --speed 20
run=("$station" run "$recipe" --plain --port "${ports[0]}" --db "$work/record.db")
syncs() { ctl state 0 | grep -o '"syncs":[0-9]*'; }
sign() { "$station" recipe sign "$recipe" --operator Ann --key "$work/ann.pem"; }

# ---- Not signed, not trusted -------------------------------------------------------------------------
check "a recipe without a signature is refused" "$work/out" exits 3 "${run[@]}"
check "with the command" "$work/out" says "$work/out" "The recipe is not signed: there is no $recipe.sig" "espstation recipe sign"
check "by verify, too" "$work/out" exits 3 "$station" verify "$recipe" --port "${ports[0]}"
check "and by line" "$work/out" exits 3 "$station" line "$recipe" --db "$work/record.db"
check "signing needs a name" "$work/out" exits 2 "$station" recipe sign "$recipe" --key "$work/ann.pem"
check "it is signed" "$work/out" exits 0 sign
check "a key that nobody trusts yet has no file" "$work/out" exits 2 "${run[@]}"
check "its public half is trusted" "$work/out" exits 0 "$station" recipe trust "$work/ann.pem.pub" --operator Ann
check "once" "$work/out" exits 2 "$station" recipe trust "$work/ann.pem.pub" --operator Ann
check "what is no key is refused" "$work/out" exits 2 "$station" recipe trust "$recipe" --operator Ann
check "no board was asked until now" "$work/out" test "$(syncs)" = '"syncs":0'
check "what is signed is flashed" "$work/out" exits 0 "${run[@]}"
check "show says by whom" "$work/out" exits 0 "$station" recipe show "$recipe"
check "in words" "$work/out" says "$work/out" "Signed by Ann at 20" "3 images are as they were signed" "This station trusts that key; Ann added it"

# ---- openssl alone -----------------------------------------------------------------------------------
by_hand() ( # the commands of docs/people.md
    cd "$work" && head -n -1 "$recipe.sig" >signed &&
        sed -n 's/^signature: //p' "$recipe.sig" | openssl base64 -d -A >signature &&
        openssl pkeyutl -verify -pubin -inkey ann.pem.pub -rawin -in signed -sigfile signature >out 2>&1
)
check "openssl verifies it" "$work/out" by_hand
check "the recipe's digest is that of sha256sum" "$recipe.sig" grep -q "^sha256: $(sha256sum <"$recipe" | cut -d' ' -f1)$" "$recipe.sig"
check "the application's likewise" "$recipe.sig" grep -q "^image: $(sha256sum <"$images/$(grep -o 'esp32[^ ,]*app[^ ,]*bin\|app[^ ,]*bin' "$recipe" | head -1)" | cut -d' ' -f1) " "$recipe.sig"

# ---- Changed ----------------------------------------------------------------------------------------
cp -r "$images" "$work/kept"
back() { cp -a "$work/kept/." "$images/"; }
app=$images/$(grep -o 'app[^ ,]*bin' "$recipe" | head -1)
before=$(syncs)
printf x >>"$app"
check "an image that was changed is refused" "$work/out" exits 3 "${run[@]}"
check "and named" "$work/out" says "$work/out" "The image $(basename "$app") is not the one that Ann signed"
back
sed -i 's/^version: .*/version: 9.9.9/' "$recipe"
check "a recipe that was changed is refused" "$work/out" exits 3 "${run[@]}"
check "and said to be" "$work/out" says "$work/out" "The recipe was changed after Ann signed it"
back
echo "# a remark" >>"$recipe"
check "by a remark alone, too" "$work/out" exits 3 "${run[@]}"
back
for change in 's/^by: Ann/by: Eve/' 's/^made: 2/made: 3/' 's/^sha256: /sha256:  /' 's/^sha256: ....\(.*\)/sha256: 0000\1/' 's/^signature: /signature: A/' '$d' \
    's/^espstation recipe 1/espstation recipe 2/' '$a\more' 's/$/\r/'; do
    sed -i "$change" "$recipe.sig"
    check "a signature file that was changed is refused: $change" "$work/out" exits 3 "${run[@]}"
    back
done
printf '' >"$recipe.sig"
check "an empty one is refused" "$work/out" exits 3 "${run[@]}"
back
"$station" recipe sign "$recipe" --operator Eve --key "$work/eve.pem" >/dev/null
check "another key is refused" "$work/out" exits 3 "${run[@]}"
check "with its name" "$work/out" says "$work/out" "signed by Eve with a key that this station does not trust"
check "show says it, too" "$work/out" exits 3 "$station" recipe show "$recipe"
back
check "no board was asked for any of these" "$work/out" test "$(syncs)" = "$before"
check "what was signed is still taken" "$work/out" exits 0 "${run[@]}"

# ---- Many who trust at once ---------------------------------------------------------------------------
for i in 1 2 3 4 5 6 7 8; do
    openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out "$work/key$i.pub"
done
all_at_once() {
    local pids=() pid
    for i in 1 2 3 4 5 6 7 8; do
        "$station" recipe trust "$work/key$i.pub" --operator "Ann $i" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || return; done
}
check "eight keys are trusted at once" "$work/out" exits 0 all_at_once
check "and each is there" "$work/recipe-keys" test "$(grep -c ' Ann [1-8]$' "$work/recipe-keys")" = 8
sed -i '/ Ann [1-8]$/d' "$work/recipe-keys"
check "who finds another one at it waits" "$work/out" exits 124 flock "$work" \
    timeout 1 "$station" recipe trust "$work/key1.pub" --operator "Ann 1"
check "and has written nothing" "$work/recipe-keys" test "$(grep -c ' Ann 1$' "$work/recipe-keys")" = 0

# ---- Nonsense -----------------------------------------------------------------------------------------
echo nonsense >>"$work/recipe-keys"
check "a file of keys with nonsense in it is refused" "$work/out" exits 2 "${run[@]}"
check "with its line" "$work/out" says "$work/out" "recipe-keys:2: this is no key"
sed -i '/only_signed_by/d' "$work/station.yaml"
rm "$recipe.sig"
check "without the key in the station file any recipe is taken" "$work/out" exits 0 "${run[@]}"
echo "1..$test_number"
