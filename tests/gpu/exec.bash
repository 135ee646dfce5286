# Sourced by the cases of exec.cases: a suite of two problems, and a short form of a profile's runs.
cat >two.yaml <<'EOF'
schema: tilebound/suite/1
name: two
summary: for a program of two problems
problems:
  - name: dense
    problem: {layout: [256], heads: 2, dim: 64, dtype: bf16}
    pattern: {kind: dense}
  - name: window
    problem: {layout: [16, 16], heads: 2, dim: 64, dtype: bf16}
    pattern: {kind: gna, window: [8, 8], stride: [4, 4]}
EOF

# runs FILE: a line a run: its id, samples, kernel, first grid, emulated, clock
runs() {
    awk -v q="'" '
        function unquoted(text) { gsub(q, "", text); return text }
        /^  - id: / { id = unquoted($3); is_first = 1; emulated = "real" }
        /^    kernel_text: / { sub(/^ *kernel_text: /, ""); kernel = unquoted($0) }
        /^    time_us: / { samples = gsub(/,/, ",") + 1 }
        /^    emulated: true/ { emulated = "emulated" }
        /^    clock: / { clock = $2 }
        /^      - .name: / && is_first {
            match($0, /grid: \[[^]]*\]/)
            printf "%s %d %s grid %s %s %s\n", id, samples, kernel, substr($0, RSTART + 6, RLENGTH - 6), emulated, clock
            is_first = 0
        }' "$1"
}
