# The static instruction mix of a kernel's main loop, from a listing of nvdisasm -c.
#
#   awk -v kernel=NAME [-v is_verbose=1] -f sass-mix.awk LISTING
#
# The main loop is the smallest one with the most HMMA. Of the ways from its head back to it, the one
# of a full tile is taken: it has all HMMA and all copies (LDGSTS), and no instruction more than it
# must, so that it goes around the mask. Prints the counts, a line "class count" each.

function fail(text) { printf "sass-mix: %s\n", text > "/dev/stderr"; failed = 1; exit 1 }

function class_of(op) {
    if (op in class) return class[op]
    if (op ~ /^U[A-Z]/) return "integer" # the uniform path; issued like others
    unknown = unknown " " op
    return "other"
}

function set_class(name, ops,    list, i, n) {
    n = split(ops, list, " ")
    for (i = 1; i <= n; i++) class[list[i]] = name
    classes[++class_count] = name
}

BEGIN {
    set_class("hmma", "HMMA")
    set_class("ldsm", "LDSM")
    set_class("mufu", "MUFU")
    set_class("fma", "FFMA FMUL FADD FFMA2 FMUL2 FADD2")
    set_class("minmax", "FMNMX FMNMX3")
    set_class("conversion", "F2FP F2F I2F F2I I2FP HADD2 HMUL2")
    set_class("integer", "IADD3 IADD IMAD LOP3 ISETP SEL MOV SHF LEA FSETP FSEL PLOP3 CS2R VIADD" \
              " IMNMX VIMNMX VIMNMX3 IABS POPC FLO PRMT BREV P2R R2P R2UR I2I SGXT BMSK VOTE LOP FCHK" \
              " VIADDMNMX VOTEU S2UR S2R CS2UR REDUX")
    set_class("shuffle", "SHFL")
    set_class("ldgsts", "LDGSTS")
    set_class("shared", "LDS STS")
    set_class("load", "LDG LD LDC LDCU ULDC LDL STG ST STL")
    set_class("bar", "BAR")
    set_class("control", "BRA BSSY BSYNC NOP LDGDEPBAR DEPBAR EXIT CALL RET WARPSYNC BREAK JMP BRX" \
              " YIELD NANOSLEEP BPT ERRBAR MEMBAR ENDCOLLECTIVE BMOV")
}

/^\t\.section\t/ { is_inside = ($0 ~ ("\\.text\\." kernel "[,\"]")); next }
!is_inside { next }

/^\.L[A-Za-z0-9_]*:/ {
    name = $1
    sub(/:.*/, "", name)
    label_at[name] = count + 1
    next
}

/^[ \t]+\/\*[0-9a-f]+\*\// {
    line = $0
    sub(/^[ \t]+\/\*[0-9a-f]+\*\/[ \t]+/, "", line)
    sub(/[ \t]*;.*/, "", line)
    predicate = ""
    if (line ~ /^@/) {
        predicate = line
        sub(/[ \t].*/, "", predicate)
        sub(/^[^ \t]+[ \t]+/, "", line)
    }
    full = line
    sub(/[ \t].*/, "", full)
    base = full
    sub(/\..*/, "", base)
    count++
    op[count] = base
    op_full[count] = full
    # A branch is taken always where neither a predicate nor an operand says when.
    if (base == "BRA" && match(line, /`\(\.L[A-Za-z0-9_]*\)/)) {
        target[count] = substr(line, RSTART + 2, RLENGTH - 3)
        operands = substr(line, length(full) + 1, RSTART - length(full) - 1)
        gsub(/[ \t]/, "", operands)
        falls[count] = predicate != "" || operands != ""
    } else {
        falls[count] = !(predicate == "" && (base == "EXIT" || base == "RET" || base == "BRX" || \
                                             base == "JMP"))
    }
}

# Blocks of instructions without a way in or out between: block b is first[b] ... last[b].
function cut_into_blocks(    i, name) {
    for (name in label_at) leads[label_at[name]] = 1
    for (i = 1; i <= count; i++) {
        if (i == 1 || (i in leads) || ((i - 1) in target) || !falls[i - 1]) {
            first[++blocks] = i
        }
        last[blocks] = i
        block_of[i] = blocks
        if (op[i] == "HMMA") hmma[blocks]++
        if (op[i] == "LDGSTS") copies[blocks]++
    }
}

function next_of(b, which,    i) { # successors, 0 where there is none
    i = last[b]
    if (which == 1) return (i in target) && (target[i] in label_at) ? block_of[label_at[target[i]]] : 0
    return falls[i] && i < count ? block_of[i + 1] : 0
}

# Depth first: back edges go to a block that is still open; `order` is reverse topological without them.
function walk(b,    which, to) {
    state[b] = 1
    for (which = 1; which <= 2; which++) {
        to = next_of(b, which)
        if (to == 0) continue
        if (state[to] == 1) {
            back[b, to] = 1
            heads[to] = 1
        } else if (state[to] == 0) {
            walk(to)
        }
    }
    state[b] = 2
    order[++ordered] = b
}

# The blocks of the loop of a head, as " b b b ": those that reach it by a back edge, without it.
function body_of(head,    found, changed, b, which, to) {
    found = " " head " "
    for (b = 1; b <= blocks; b++) if ((b, head) in back && b != head) found = found b " "
    do {
        changed = 0
        for (b = 1; b <= blocks; b++) {
            if (index(found, " " b " ")) continue
            for (which = 1; which <= 2; which++) {
                to = next_of(b, which)
                if (to != 0 && to != head && index(found, " " to " ")) {
                    found = found b " "
                    changed = 1
                    break
                }
            }
        }
    } while (changed)
    return found
}

function sum_of(body, what,    list, i, n, total) {
    n = split(body, list, " ")
    for (i = 1; i <= n; i++) {
        total += what == "hmma" ? hmma[list[i]] : last[list[i]] - first[list[i]] + 1
    }
    return total
}

function find_main_loop(    head, body, size, h, most, least) {
    for (head in heads) {
        body = body_of(head)
        h = sum_of(body, "hmma")
        size = sum_of(body, "all")
        if (h > most || (h == most && h > 0 && size < least)) {
            most = h
            least = size
            main_head = head
            main_body = body
        }
    }
    if (most == 0) fail(kernel ": no loop with an HMMA")
}

# The best way from the head to each block: HMMA count most, then copies, then length.
function find_way(    i, b, which, to, score, end, best_end) {
    for (i = ordered; i >= 1; i--) {
        b = order[i]
        if (!index(main_body, " " b " ") || (b != main_head && !(b in best))) continue
        score = (b == main_head ? 0 : best[b]) + hmma[b] * 1e10 + copies[b] * 1e5 - \
                (last[b] - first[b] + 1)
        if ((b, main_head) in back && (end == 0 || score > best_end)) {
            best_end = score
            end = b
        }
        for (which = 1; which <= 2; which++) {
            to = next_of(b, which)
            if (to == 0 || (b, to) in back || !index(main_body, " " to " ")) continue
            if (!(to in best) || score > best[to]) {
                best[to] = score
                from[to] = b
            }
        }
    }
    for (b = end; ; b = from[b]) {
        on_way[b] = 1
        if (b == main_head) break
    }
}

END {
    if (failed) exit 1
    if (count == 0) fail(kernel ": not in this listing")
    cut_into_blocks()
    walk(1)
    find_main_loop()
    find_way()
    for (b = 1; b <= blocks; b++) {
        if (!(b in on_way)) continue
        if (b in heads && b != main_head) again = again " " b
        for (i = first[b]; i <= last[b]; i++) {
            mix[class_of(op[i])]++
            total++
            if (op[i] == "MUFU" && op_full[i] == "MUFU.EX2") exp2++
            # Bytes that a warp moves through shared memory.
            if (op[i] == "LDSM") bytes += op_full[i] ~ /\.4$/ ? 512 : op_full[i] ~ /\.2$/ ? 256 : 128
            if (op[i] ~ /^(LDS|STS|LDGSTS)$/)
                bytes += op_full[i] ~ /\.128/ ? 512 : op_full[i] ~ /\.64/ ? 256 : 128
            if (op[i] == "HMMA") {
                if (op_full[i] !~ /^HMMA\.16816\.F32/) fail(kernel ": " op_full[i] " is not known")
            }
            if (is_verbose) printf "%s\n", op_full[i] > "/dev/stderr"
        }
    }
    if (again != "") fail(kernel ": a loop within the main loop, whose turns are not known")
    if (unknown != "") printf "sass-mix: %s: not classed:%s\n", kernel, unknown > "/dev/stderr"
    printf "instructions %d\n", total
    for (i = 1; i <= class_count; i++) printf "%s %d\n", classes[i], mix[classes[i]]
    printf "other %d\nexp2 %d\nsmem_traffic %d\n", mix["other"], exp2, bytes
}
