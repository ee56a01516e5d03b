# Integrations of the Solar System beside REBOUND's; ci/peers/run sources this. REBOUND is a folder with its source
# (github.com/hannorein/rebound); without it only ours are measured.

rounds=5 span=20000 short=30
if [ -n "$quick" ]; then
  rounds=1 span=200 short=1
fi

(cd ../.. && go build -o "$dir/solar" ./ci/peers/solar)
if [ -z "${REBOUND-}" ]; then
  echo "REBOUND was left out: set REBOUND to the folder of its source."
else
  wide=
  ! grep -q avx512f /proc/cpuinfo 2>/dev/null || wide=-DAVX512
  # shellcheck disable=SC2086
  "$gcc" -std=gnu99 -O3 -march=native -D_GNU_SOURCE $wide -I"$REBOUND/src" -o "$dir/rebound" rebound.c "$REBOUND"/src/*.c -lm -lrt 2>"$dir/err" ||
    { cat "$dir/err" >&2; exit 1; }
fi
methods=("wh whfast 9 $span" "wh whfast512 9 $span" "wh whfast 10 $span" "radau15 ias15 11 $short")

number() { grep -oE "\"$1\": ?[0-9.e+-]+" | grep -oE '[0-9][0-9.e+-]*$'; }
echo "years a second with steps of 5 days, median of $rounds rounds; and the relative error of the energy"
for line in "${methods[@]}"; do
  read -r ours theirs bodies years <<<"$line"
  "$dir/solar" bodies "$bodies" >"$dir/bodies"
  peer=
  if [ -x "$dir/rebound" ] && { [ "$theirs" != whfast512 ] || [ -n "$wide" ]; }; then peer=1; fi
  [ -n "$peer" ] || [ "$theirs" != whfast512 ] || continue
  : >"$dir/ours" >"$dir/theirs" >"$dir/ratios"
  for ((round = 1; round <= rounds; round++)); do
    progress "$ours $bodies"
    "$dir/solar" "$ours" "$bodies" "$years" 5 | tee "$dir/one" >>"$dir/ours"
    if [ -n "$peer" ]; then
      "$dir/rebound" "$theirs" "$years" 5 <"$dir/bodies" | tee "$dir/two" >>"$dir/theirs"
      echo "$(number rate <"$dir/one") $(number rate <"$dir/two")" | awk '{ print $1 / $2 }' >>"$dir/ratios"
    fi
  done
  progress ""
  printf '%2d bodies: %-8s %8.0f (%s)' "$bodies" "$ours" "$(number rate <"$dir/ours" | median)" "$(number energy <"$dir/ours" | tail -1)"
  [ -z "$peer" ] || printf '   %-10s %8.0f (%s)   ratio %.2f' "$theirs" "$(number rate <"$dir/theirs" | median)" \
    "$(number energy <"$dir/theirs" | tail -1)" "$(median <"$dir/ratios")"
  echo
done
