# Do the marks of one series of an SVG by gnuplot lie where the data says?
#
#   awk -f check-marks.awk -v plot=gnuplot_plot_1 -v kind=box -v columns=2,3,1 [-v log_=xy] SVG DATA
#
# kind box: columns are from, to of x, and of y (from, to; or one, for rows of equal height); kinds
# cell (boxes of one size) and point: x, y. section_wanted picks a section of DATA (sections have two empty lines between). The marks must be
# as many as the lines of data, one of the legend aside, and lie on a straight line against the values
# (their logarithms with log_), within a pixel.

function fail(text) { print FILENAME ": " plot ": " text; failed = 1; exit 1 }

function put(axis, value, pixel) {
    if (index(log_axes, axis)) value = log(value)
    n = ++count[axis]
    values[axis, n] = value
    pixels[axis, n] = pixel
}

# A straight line through the least and the greatest value, and how far all are off it.
function check(axis,    i, low, high, slope, off) {
    low = high = 1
    for (i = 2; i <= count[axis]; i++) {
        if (values[axis, i] < values[axis, low]) low = i
        if (values[axis, i] > values[axis, high]) high = i
    }
    if (values[axis, high] == values[axis, low]) return ""
    slope = (pixels[axis, high] - pixels[axis, low]) / (values[axis, high] - values[axis, low])
    if (slope == 0) return axis ": all marks are in one place"
    for (i = 1; i <= count[axis]; i++) {
        off = pixels[axis, i] - pixels[axis, low] - slope * (values[axis, i] - values[axis, low])
        if (off > 1 || off < -1) return axis ": a mark of " values[axis, i] " is " off " pixels off"
    }
    return ""
}

BEGIN { log_axes = log_; split(columns, column, ",") }

FNR == 1 { file++ }

file == 1 && /<g id="gnuplot_plot_/ { inside = index($0, "id=\"" plot "\"") > 0 }
file == 1 && inside && kind != "point" && /<polygon/ {
    line = $0
    sub(/.*points = '/, "", line)
    sub(/ *'.*/, "", line)
    corners = split(line, corner, " ")
    marks++
    for (i = 1; i <= corners; i++) {
        split(corner[i], at, ",")
        if (i == 1 || at[1] + 0 < left[marks]) left[marks] = at[1] + 0
        if (i == 1 || at[1] + 0 > right[marks]) right[marks] = at[1] + 0
        if (i == 1 || at[2] + 0 < top[marks]) top[marks] = at[2] + 0
        if (i == 1 || at[2] + 0 > bottom[marks]) bottom[marks] = at[2] + 0
    }
}
file == 1 && inside && kind == "point" && /<use xlink:href='#gpPt/ {
    line = $0
    while (match(line, /translate\([0-9.]+,[0-9.]+\)/)) {
        split(substr(line, RSTART + 10, RLENGTH - 11), at, ",")
        marks++
        left[marks] = at[1] + 0
        top[marks] = at[2] + 0
        line = substr(line, RSTART + RLENGTH)
    }
}

file == 2 && /^[ \t]*$/ { empty++; next }
file == 2 && /^#/ { next }
file == 2 {
    if (empty >= 2) section++
    empty = 0
    if (section_wanted != "" && section + 0 != section_wanted + 0) next
    split($0, field, "\t")
    if (field[column[2]] == "?") next
    lines++
    for (i = 1; i in column; i++) data[lines, i] = field[column[i]]
}

# All marks against the values, the legend's sample being before (skip = 1) or after them (0). The first
# thing wrong, or nothing.
function compare(skip,    i, wrong) {
    delete count
    for (i = 1; i <= lines; i++) {
        if (kind == "point") {
            put("x", data[i, 1], left[i + skip])
            put("y", data[i, 2], top[i + skip])
        } else if (kind == "cell") {
            put("x", data[i, 1], (left[i + skip] + right[i + skip]) / 2)
            put("y", data[i, 2], (top[i + skip] + bottom[i + skip]) / 2)
        } else {
            put("x", data[i, 1], left[i + skip])
            put("x", data[i, 2], right[i + skip])
            if (4 in column) {
                put("y", data[i, 3], top[i + skip])
                put("y", data[i, 4], bottom[i + skip])
            } else {
                put("y", data[i, 3], (top[i + skip] + bottom[i + skip]) / 2)
            }
        }
    }
    wrong = check("x")
    return wrong != "" ? wrong : check("y")
}

END {
    if (failed) exit 1
    if (lines == 0) fail("no data")
    if (marks != lines && marks != lines + 1) fail(marks + 0 " marks for " lines " lines of data")
    said = compare(marks - lines)
    if (said != "" && marks > lines && compare(0) == "") said = ""
    if (said != "") fail(said)
}
