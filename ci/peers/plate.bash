# The steady state of a square plate, one edge at 100; ci/peers/run sources this.

sizes=(513 2049 4097) rounds=5 reps=3 updates=$((1 << 30))
if [ -n "$quick" ]; then
  sizes=(65 129) rounds=2 reps=2 updates=$((1 << 24))
fi

(cd ../.. && go build -o "$dir/plate" ./ci/peers/plate)

# Open MPI refuses to run as root and on fewer cores than ranks unless asked. Ranks that wait give way to others.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1 # hypre without threads of its own

left=() # what is left out, and why; printed at the end
[ -n "$(with_module scipy)" ] || install python3-scipy
scipy=$(with_module scipy)
[ -n "$scipy" ] || left+=("SciPy is not installed and was left out.")
build_pfmg() { OMPI_CC=$gcc mpicc -O3 -march=native -I/usr/include/hypre -o "$dir/pfmg" pfmg.c -lHYPRE -lm; }
build_pfmg 2>/dev/null || install libhypre-dev
hypre=
if ! build_pfmg 2>"$dir/err"; then
  left+=("hypre was left out, since it is not installed: $(head -1 "$dir/err")")
elif ! timeout 60 mpirun -n 2 "$dir/pfmg" 33 --reps=1 >/dev/null 2>"$dir/err"; then
  left+=("hypre was left out, since MPI does not run: $(grep -m1 '[a-z]' "$dir/err" || true)")
else
  hypre=1
fi

# Each of these prints the seconds of each repetition.

field() { # name
  grep -oE "\"$1\": ?[0-9.e+-]+" | grep -oE '[0-9][0-9.e+-]*$'
}
who_one() { "$dir/plate" multigrid "$1" 1 $reps | field seconds; }
who_two() { "$dir/plate" multigrid "$1" 2 $reps | tee "$dir/multigrid.$1" | field seconds; }
who_scipy() { "$scipy" peer.py plate "$1" 1 $reps | tee "$dir/sines.$1" | field seconds; }
who_hypre() { # on one or two ranks, whichever is faster: ranks wait for each other awake, which beside other work takes long
  local ranks best='' time some=$(($1 < 1000 ? reps : 1))
  for ranks in 1 2; do
    mpirun -n $ranks "$dir/pfmg" "$1" --reps=$some >"$dir/ranks"
    time=$(field seconds <"$dir/ranks" | median)
    if [ -z "$best" ] || awk "BEGIN { exit !($time < $best) }"; then
      best=$time
      cp "$dir/ranks" "$dir/pfmg.$1"
    fi
  done
  field seconds <"$dir/pfmg.$1"
}
who_jacobi() { "$dir/plate" jacobi "$1" 2 1 | tee "$dir/jacobi.$1" | field seconds; }
who_gcc() { # follows jacobi, which prints the number of sweeps
  local some=$((updates / ($1 * $1)))
  echo "$(c laplacian f64 "$1" $((some < 8 ? 8 : some)) 1) $(field sweeps <"$dir/jacobi.$1")" | awk -v n="$1" '{ print $2 * n * n / $1 }'
}
names=(one two)
[ -z "$scipy" ] || names+=(scipy)
[ -z "$hypre" ] || names+=(hypre)
names+=(jacobi gcc)

for ((round = 1; round <= rounds; round++)); do
  for n in "${sizes[@]}"; do
    for who in "${names[@]}"; do
      progress "plate: round $round of $rounds, $n² points, $who "
      "who_$who" "$n" | awk -v round="$round" '{ print round, $1 }' >>"$dir/plate.$n.$who"
    done
  done
done
progress ""
for file in "$dir"/sines.* "$dir"/pfmg.*; do # the centre of the plate has 25; ours and Jacobi's are checked where they run
  [ ! -e "$file" ] || field check <"$file" | awk -v file="${file##*/}" '
    $1 < 24.9999 || $1 > 25.0001 { print "ci/peers/run: " file ": the centre has " $1; bad = 1 } END { exit bad || !NR }' >&2
done

# The table.

time_of() { # n, who; prints the least and the median
  [ -e "$dir/plate.$1.$2" ] || { echo "–"; return; }
  local least middle
  least=$(cut -d' ' -f2 "$dir/plate.$1.$2" | sort -g | head -1)
  middle=$(cut -d' ' -f2 "$dir/plate.$1.$2" | median)
  awk -v a="$least" -v b="$middle" '
    function short(s) { return s < 1 ? sprintf("%.3g ms", s * 1e3) : s < 600 ? sprintf("%.3g s", s) : sprintf("%.3g h", s / 3600) }
    BEGIN { printf "%s (%s)\n", short(a), short(b) }'
}
ratio() { # n, who; prints the median of the rounds' ratios to ours with 2 workers, each of the medians
  [ -e "$dir/plate.$1.$2" ] || { echo "–"; return; }
  local round
  for ((round = 1; round <= rounds; round++)); do
    echo "$(sed -n "s/^$round //p" "$dir/plate.$1.$2" | median) $(sed -n "s/^$round //p" "$dir/plate.$1.two" | median)"
  done | awk '{ print $1 / $2 }' | sort -g >"$dir/ratios"
  printf '%.3g (%.3g to %.3g)\n' "$(median <"$dir/ratios")" "$(head -1 "$dir/ratios")" "$(tail -1 "$dir/ratios")"
}

echo "$(date -u +%F), the plate in float64, $rounds rounds of $reps repetitions (hypre and Jacobi fewer); times: least (median); ratios: theirs / ours with 2 workers, median of the rounds (least to greatest)"
echo
echo "| points | ours, 1 worker | ours, 2 workers | SciPy, sine transforms | hypre PFMG | Jacobi, ours | Jacobi, gcc | SciPy / ours | hypre / ours | Jacobi / ours |"
echo "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
for n in "${sizes[@]}"; do
  row="| $n² "
  for who in one two scipy hypre jacobi gcc; do row+="| $(time_of "$n" $who) "; done
  for who in scipy hypre jacobi; do row+="| $(ratio "$n" $who) "; done
  echo "$row|"
done
echo
first() { field "$1" | head -1; }
least() { field "$1" | sort -g | head -1; }
for n in "${sizes[@]}"; do
  line="$n²: ours with preparation $(field alone <"$dir/multigrid.$n" | median | awk '{ printf "%.3g", $1 * 1e3 }') ms"
  line+=", $(first cycles <"$dir/multigrid.$n") cycles, residual $(first residual <"$dir/multigrid.$n")"
  line+=", $(first error <"$dir/multigrid.$n") from the Fourier series"
  [ -z "$hypre" ] || line+="; hypre's last with $(first ranks <"$dir/pfmg.$n") ranks, $(first cycles <"$dir/pfmg.$n") cycles, residual $(first residual <"$dir/pfmg.$n"), set up in $(least setup <"$dir/pfmg.$n" | awk '{ printf "%.3g", $1 * 1e3 }') ms besides"
  echo "$line; Jacobi $(first sweeps <"$dir/jacobi.$n") sweeps$(! grep -q partial "$dir/jacobi.$n" || echo ", extrapolated")"
done
echo
echo "The times are without preparation: the memory of our solver, SciPy's eigenvalues, hypre's setup. SciPy: type-1 transforms in both"
echo "directions on 2 threads. hypre: the faster of 1 and 2 ranks, to 1e-10 in the 2-norm. Residuals are the largest change of a point that would satisfy its equation, over 100."
echo "Jacobi ends at the error that the discrete equations have in the middle of the plate. Its number of sweeps follows from the spectral"
echo "radius cos(π/(n − 1)); extrapolated: its time follows from that of some sweeps, as gcc's always does."
for reason in "${left[@]}"; do echo "$reason"; done
