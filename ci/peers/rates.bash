# Rates of the kernels; ci/peers/run sources this.

rounds=5 reps=3 smallreps=100
bodies=16384 few=4096 points=8192 small=512 middle=2048 sweeps=32 smallsweeps=64 numpybodies=2048 particles=100000 steps=64
if [ -n "$quick" ]; then
  rounds=2 reps=2 smallreps=5 bodies=2048 few=1024 points=512 small=128 middle=256 sweeps=8 smallsweeps=16 numpybodies=512 particles=5000 steps=16
fi

(cd ../.. && go build -o "$dir/offload" ./cmd/offload)
(cd ../.. && go build -o "$dir/leapfrog" ./ci/peers/leapfrog)
(cd gonum && go build -o "$dir/go" .)
[ -n "$(with_module numpy)" ] || install python3-numpy
python=$(with_module numpy)

# Each of these prints one rate: the median of the repetitions.

ours() { # workers, kernel, precision, n, sweeps, repetitions
  "$dir/offload" bench --device=cpu --format=json --count="${6-$reps}" --workers="$1" --kernel="$2" --precision="$3" --n="$4" --sweeps="$5" | rates | median
}
follow() { # workers, particles, steps
  "$dir/leapfrog" "$1" "$2" "$3" "$reps" | rates | median
}
plain() { # kernel, n, sweeps
  "$dir/go" "$1" "$2" "$3" $reps | tee "$dir/last.$1" | rates | median
}
numpy() { # kernel, n, sweeps
  "$python" peer.py "$1" "$2" "$3" 2 | rates | median
}

cases=()
add() { cases+=("$1|$2|$3|$4"); } # name, what the peer is, command of ours, command of the peer
for p in f32 f64; do
  add "force $p, n = $bodies" "C, OpenMP, $threads threads" "ours $threads force $p $bodies 1" "c force $p $bodies 1"
done
for p in f32 f64; do
  add "laplacian $p, $points², $sweeps sweeps" "C, OpenMP, $threads threads" "ours $threads laplacian $p $points $sweeps" "c laplacian $p $points $sweeps"
  add "laplacian $p, $small², $smallsweeps sweeps" "C, OpenMP, $threads threads" "ours $threads laplacian $p $small $smallsweeps $smallreps" "c laplacian $p $small $smallsweeps $smallreps"
done
add "particle-steps, $particles particles, 9 bodies, $steps steps" "C, OpenMP, $threads threads" "follow $threads $particles $steps" "c leapfrog f64 $particles $steps"
add "force f64, n = $few, 1 worker" "Go loop, 1 core" "ours 1 force f64 $few 1" "plain force $few 1"
add "laplacian f64, $middle², 16 sweeps, 1 worker" "Go loop on gonum mat, 1 core" "ours 1 laplacian f64 $middle 16" "plain laplacian $middle 16"
for p in f32 f64; do
  add "force $p, n = $bodies, 2 workers" "ours, 1 worker" "ours 2 force $p $bodies 1" "ours 1 force $p $bodies 1"
done
add "force f64, n = $bodies, 1 worker" "gonum barneshut, θ = 0.5, 1 core" "ours 1 force f64 $bodies 1" "plain barneshut $bodies 1"
if [ -n "$python" ]; then
  add "force f64, n = $numpybodies, 1 worker" "NumPy" "ours 1 force f64 $numpybodies 1" "numpy force $numpybodies 1"
  add "laplacian f64, $middle², 16 sweeps, 1 worker" "NumPy" "ours 1 laplacian f64 $middle 16" "numpy laplacian $middle 16"
fi

# The rounds. The order alternates too.

for ((round = 1; round <= rounds; round++)); do
  for i in "${!cases[@]}"; do
    IFS='|' read -r _ _ our their <<<"${cases[i]}"
    if ((round % 2)); then
      a=$($our)
      b=$($their)
    else
      b=$($their)
      a=$($our)
    fi
    echo "$i $a $b" >>"$dir/rounds"
    progress "round $round of $rounds, case $((i + 1)) of ${#cases[@]} "
  done
done
progress ""

echo "$(date -u +%F), $rounds rounds of $reps repetitions, of $smallreps for launches of about a millisecond; rates are medians; ratio: ours / peer, median of the rounds (least to greatest)"
echo
echo "| case | peer | ours | theirs | ratio |"
echo "| --- | --- | ---: | ---: | ---: |"
for i in "${!cases[@]}"; do
  IFS='|' read -r name peer _ their <<<"${cases[i]}"
  case "$their" in
    "c "*) read -r _ k p n _ <<<"$their"; peer+=" ($(cat "$dir/fastest.$k.$p.$n"))" ;;
    *barneshut*) peer+=", RMS relative error $(grep -oE '"check":[^}]*' "$dir/last.barneshut" | tail -1 | cut -d: -f2 | xargs printf '%.1e')" ;;
  esac
  awk -v i="$i" -v name="$name" -v peer="$peer" '
    function sorted(x, n,   a, b, t) { for (a = 2; a <= n; a++) for (b = a; b > 1 && x[b] < x[b-1]; b--) { t = x[b]; x[b] = x[b-1]; x[b-1] = t } }
    function middle(x, n) { sorted(x, n); return (x[int((n + 1) / 2)] + x[int(n / 2) + 1]) / 2 }
    function short(r) { return r >= 1e9 ? sprintf("%.3g G/s", r / 1e9) : sprintf("%.3g M/s", r / 1e6) }
    $1 == i { n++; a[n] = $2; b[n] = $3; q[n] = $2 / $3 }
    END { m = middle(q, n); printf "| %s | %s | %s | %s | %.2f (%.2f to %.2f) |\n", name, peer, short(middle(a, n)), short(middle(b, n)), m, q[1], q[n] }
  ' "$dir/rounds"
done
echo
echo "G/s: 1e9 interactions, each ordered pair once, or updates of a point, per second. C leaves out the residual but for the last"
echo "sweep, as ours does. Barnes-Hut: the pairs of a direct sum in the same time. C: $gcc $flags"
echo "and, whichever was the fastest for the case:"
for v in "${!variants[@]}"; do echo "- ($v) ${variants[v]:-nothing else}"; done
[ -n "$python" ] || echo "NumPy is not installed and was left out."
