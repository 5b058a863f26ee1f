# What a rewriter may write: awk -f written.awk IN.s OUT.s. Each line of OUT.s is one of IN.s, a pool that has moved,
# or one instruction. So whoever is asked for guards cannot have the assembler read files, define names or move code.

function tidy(line) {
	gsub(/[ \t]+/, " ", line)
	sub(/^ /, "", line)
	sub(/ $/, "", line)
	return line
}

function instruction(line) {
	gsub(/:(lower|upper)16:/, "", line)
	return line ~ /^[a-z][a-z0-9]*( [][A-Za-z0-9_.$#,{}!+^ -]+)?$/ && line !~ /^[a-z0-9]+ \.[^L]/
}

{ line = tidy($0) }
NR == FNR { given[line]; next }
line in given || line ~ /^(|\.section \.rodata|\.align 3|\.Lpool[0-9]+:)$/ || instruction(line) { next }
{
	sub(/\.new$/, "", FILENAME)
	printf "%s:%d: error: `%s': a rewriter may write instructions, and what it was given\n", FILENAME, FNR, substr(line, 1, 80) >"/dev/stderr"
	exit 1
}
