// differ asks golang.org/x/mod, code that nobody here wrote, and our readers
// (tests/tool/differ.c) about the same changed notes, verifier keys, proofs,
// receipts, bundles and tile paths. What that package does not read is read
// here with Go's own library. They must say the same but for the differences
// listed below, in each of which ours takes less. Prints TAP.
//
//	differ PROGRAM CORPUS SECONDS [SEED]
package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const batch = 500

// A question is one kind of input; text is what is changed, key goes before.
type question struct {
	kind byte
	key  string
	text []byte
}

func (q question) bytes() []byte {
	var b bytes.Buffer
	b.WriteByte(q.kind)
	if q.kind == 'n' || q.kind == 'r' {
		binary.Write(&b, binary.BigEndian, uint32(len(q.key)))
		b.WriteString(q.key)
	}
	b.Write(q.text)
	return b.Bytes()
}

// A difference is allowed where ours refuses, or finds no good signature, and
// the question has what it is about.
type difference struct {
	name, kinds string
	is          func(q question) bool
	seen        int
}

var blank = []byte("\n\n")

// lines are those of the signatures of a note.
func lines(note []byte) []string {
	at := bytes.LastIndex(note, blank)
	if at < 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(note[at+2:]), "\n"), "\n")
}

// loose is base64 that Go reads and would write in another way.
func loose(text string) bool {
	b, err := base64.StdEncoding.DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(b) != text
}

var differences = []*difference{
	{name: "base64 with stray bits, or with line ends in it", kinds: "nkr",
		is: func(q question) bool {
			for _, line := range strings.Split(string(q.text), "\n") {
				words := strings.Split(line, " ")
				if loose(words[len(words)-1]) {
					return true
				}
			}
			at := bytes.LastIndexByte(q.text, '+')
			return q.kind == 'k' && at >= 0 && loose(vkeyPart(q.text, 2))
		}},
	{name: "a second line of a known key, which Go does not verify",
		kinds: "nr", is: func(q question) bool {
			count := 0
			name := strings.SplitN(q.key, "+", 2)[0]
			for _, line := range lines(q.text) {
				if strings.HasPrefix(line, "— "+name+" ") {
					count++
				}
			}
			return count > 1
		}},
	{name: "more than 64 signatures; Go takes 100", kinds: "nr",
		is: func(q question) bool { return len(lines(q.text)) > 64 }},
	{name: "a tile above level 7, which no tree below 2^63 has", kinds: "p",
		is: func(q question) bool {
			level, err := strconv.Atoi(strings.Split(string(q.text), "/")[1])
			return err == nil && level > 7
		}},
	{name: "a key id in capitals", kinds: "k", is: func(q question) bool {
		id := vkeyPart(q.text, 1)
		return strings.ToLower(id) != id
	}},
	{name: "a key's name with characters beyond visible ASCII", kinds: "k",
		is: func(q question) bool {
			return strings.IndexFunc(vkeyPart(q.text, 0), func(r rune) bool {
				return r <= ' ' || r >= 0x7f
			}) >= 0
		}},
}

func vkeyPart(text []byte, i int) string {
	parts := strings.SplitN(string(text), "+", 3)
	if i >= len(parts) {
		return ""
	}
	return parts[i]
}

// ---- what Go says: "" refuses

func askNote(q question) string {
	v, err := note.NewVerifier(q.key)
	if err != nil {
		return ""
	}
	n, err := note.Open(q.text, note.VerifierList(v))
	said := "verified"
	switch e := err.(type) {
	case nil:
	case *note.UnverifiedNoteError:
		n, said = e.Note, "unverified"
	case *note.InvalidSignatureError:
		return "invalid"
	default:
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n%s", said, len(n.Text), n.Text)
	have := map[string]bool{}
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		have[s.Name+" "+s.Base64] = true
	}
	for _, line := range lines(q.text) {
		if line = strings.TrimPrefix(line, "— "); have[line] {
			fmt.Fprintf(&b, "%s\n", line)
		}
	}
	return b.String()
}

// keyID of a key and its type, of a name: that of an ECDSA key has no name.
func keyID(name string, key []byte) string {
	h := sha256.Sum256(append([]byte(name+"\n"), key...))
	if key[0] == 2 {
		h = sha256.Sum256(key[1:])
	}
	return hex.EncodeToString(h[:4])
}

// askOtherVkey reads the types that x/mod does not have: ECDSA, cosignatures.
func askOtherVkey(q question, key []byte) string {
	name, id := vkeyPart(q.text, 0), vkeyPart(q.text, 1)
	if key[0] == 4 {
		if len(key) != 33 || name == "" {
			return ""
		}
	} else {
		any, err := x509.ParsePKIXPublicKey(key[1:])
		k, ok := any.(*ecdsa.PublicKey)
		if err != nil || !ok || k.Curve != elliptic.P256() || name == "" {
			return ""
		}
	}
	if strings.ToLower(id) != keyID(name, key) {
		return ""
	}
	return name + " " + strings.ToLower(id)
}

func askVkey(q question) string {
	key, err := base64.StdEncoding.DecodeString(vkeyPart(q.text, 2))
	if err == nil && len(key) > 0 && (key[0] == 2 || key[0] == 4) {
		return askOtherVkey(q, key)
	}
	v, err := note.NewVerifier(string(q.text))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %08x", v.Name(), v.KeyHash())
}

// askProof has two numbers, two hashes and the proof's.
func askProof(q question) string {
	b := q.text
	if len(b) < 80 || (len(b)-16)%32 != 0 || len(b) > 80+65*32 {
		return ""
	}
	n, size := int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
	var h []tlog.Hash
	for b = b[16:]; len(b) > 0; b = b[32:] {
		var one tlog.Hash
		copy(one[:], b)
		h = append(h, one)
	}
	var err error
	if q.kind == 'i' {
		err = tlog.CheckRecord(h[2:], size, h[1], n, h[0])
	} else if n == 0 && size >= 0 { // nothing to prove: RFC 9162 has no such proof
		if len(h) != 2 || h[0] != tlog.Hash(sha256.Sum256(nil)) ||
			size == 0 && h[1] != h[0] {
			return ""
		}
	} else {
		err = tlog.CheckTree(h[2:], size, h[1], n, h[0])
	}
	if err != nil {
		return ""
	}
	return "proved"
}

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

func number(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && decimal.MatchString(text)
}

func askReceipt(q question) string {
	head, rest, ok := strings.Cut(string(q.text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "extra ") ||
		!strings.HasPrefix(lines[2], "index ") {
		return ""
	}
	entry, err := base64.StdEncoding.DecodeString(lines[1][6:])
	index, ok := number(lines[2][6:])
	if err != nil || !ok {
		return ""
	}
	proof := tlog.RecordProof{}
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return ""
		}
		proof = append(proof, h)
	}
	v, err := note.NewVerifier(q.key)
	if err != nil {
		return ""
	}
	n, err := note.Open([]byte(rest), note.VerifierList(v))
	if err != nil {
		return ""
	}
	body := strings.Split(n.Text, "\n")
	if len(body) != 4 || body[0] != v.Name() || body[3] != "" {
		return ""
	}
	size, ok := number(body[1])
	root, err := tlog.ParseHash(body[2])
	if !ok || err != nil || tlog.CheckRecord(proof, size, root, index,
		tlog.RecordHash(entry)) != nil {
		return ""
	}
	return fmt.Sprintf("%d of %d\n%s", index, size, entry)
}

func askBundle(q question) string {
	if len(q.text) < 2 {
		return ""
	}
	width, b := int64(binary.BigEndian.Uint16(q.text)), q.text[2:]
	var all []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, x := range at {
			out[i] = all[x]
		}
		return out, nil
	})
	for i := int64(0); i < width; i++ {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return ""
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		more, err := tlog.StoredHashes(i, b[2:n], read)
		if err != nil {
			return ""
		}
		all, b = append(all, more...), b[n:]
	}
	if len(b) != 0 || width < 1 || width > 256 { // none is empty, says C2SP
		return ""
	}
	root, err := tlog.TreeHash(width, read)
	must(err)
	return hex.EncodeToString(root[:])
}

// askPath: Go has the height in its paths, and "data" for entries.
func askPath(q question) string {
	p := string(q.text)
	if !strings.HasPrefix(p, "tile/") || strings.HasPrefix(p, "tile/data") {
		return ""
	}
	p = strings.Replace("tile/8/"+p[5:], "tile/8/entries/", "tile/8/data/", 1)
	t, err := tlog.ParseTilePath(p)
	if err != nil || t.L > 63 {
		return ""
	}
	return fmt.Sprintf("%d %d %d", t.L, t.N, t.W)
}

var ask = map[byte]func(question) string{'n': askNote, 'k': askVkey,
	'i': askProof, 'c': askProof, 'r': askReceipt, 'b': askBundle,
	'p': askPath}

// ---- seeds

type signer struct{ skey, vkey string }

func newSigner(r *rand.Rand, name string) signer {
	skey, vkey, err := note.GenerateKey(r, name)
	must(err)
	return signer{skey, vkey}
}

func (s signer) sign(text string) []byte {
	k, err := note.NewSigner(s.skey)
	must(err)
	msg, err := note.Sign(&note.Note{Text: text}, k)
	must(err)
	return msg
}

type log struct {
	size   int64
	hashes []tlog.Hash
	bundle []byte // of 256 at most
	entry  [][]byte
}

func (l *log) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		out[i] = l.hashes[x]
	}
	return out, nil
}

func newLog(r *rand.Rand, size int64) *log {
	l := &log{size: size}
	for i := int64(0); i < size; i++ {
		entry := make([]byte, r.Intn(40))
		r.Read(entry)
		more, err := tlog.StoredHashes(i, entry, l)
		must(err)
		l.hashes = append(l.hashes, more...)
		l.bundle = append(l.bundle, 0, byte(len(entry)))
		l.bundle = append(l.bundle, entry...)
		l.entry = append(l.entry, entry)
	}
	return l
}

func (l *log) root(size int64) tlog.Hash {
	h, err := tlog.TreeHash(size, l)
	must(err)
	return h
}

func numbers(n, size int64, h ...tlog.Hash) []byte {
	b := make([]byte, 16)
	binary.BigEndian.PutUint64(b, uint64(n))
	binary.BigEndian.PutUint64(b[8:], uint64(size))
	for _, one := range h {
		b = append(b, one[:]...)
	}
	return b
}

func logSeeds(r *rand.Rand, s signer) (out []question) {
	for _, size := range []int64{1, 2, 3, 7, 8, 13, 32, 33, 100, 255, 256} {
		l := newLog(r, size)
		root := l.root(size)
		n := r.Int63n(size)
		proof, err := tlog.ProveRecord(size, n, l)
		must(err)
		leaf := tlog.RecordHash(l.entry[n])
		out = append(out, question{kind: 'i', text: numbers(n, size,
			append([]tlog.Hash{leaf, root}, proof...)...)})
		text := "c2sp.org/tlog-proof@v1\nextra " +
			base64.StdEncoding.EncodeToString(l.entry[n]) +
			fmt.Sprintf("\nindex %d\n", n)
		for _, h := range proof {
			text += h.String() + "\n"
		}
		text += "\n" + string(s.sign(fmt.Sprintf("log.example\n%d\n%v\n", size, root)))
		out = append(out, question{'r', s.vkey, []byte(text)})
		tree, err := tlog.ProveTree(size, n+1, l)
		must(err)
		out = append(out, question{kind: 'c', text: numbers(n+1, size,
			append([]tlog.Hash{l.root(n + 1), root}, tree...)...)})
		out = append(out, question{kind: 'c', text: numbers(0, size,
			sha256.Sum256(nil), root)})
		out = append(out, question{kind: 'b', text: append([]byte{
			byte(size >> 8), byte(size)}, l.bundle...)})
	}
	return append(out, question{kind: 'b'}, // nothing, and an empty bundle
		question{kind: 'b', text: []byte{0, 0}})
}

func seeds(r *rand.Rand, corpus string) []question {
	s, other := newSigner(r, "log.example"), newSigner(r, "witness.example")
	out := logSeeds(r, s)
	text := "log.example\n5\n" + tlog.Hash{}.String() + "\n"
	both := append(s.sign(text), lines(other.sign(text))[0]+"\n"...)
	twice := append(s.sign(text), lines(s.sign(text))[0]+"\n"...)
	for _, msg := range [][]byte{s.sign(text), both, twice, other.sign(text),
		s.sign("a\n\nb\n\n\nc\n"), s.sign("é\n")} {
		out = append(out, question{'n', s.vkey, msg})
	}
	out = append(out, question{kind: 'k', text: []byte(s.vkey)},
		question{kind: 'k', text: []byte(newSigner(r, "é.example").vkey)})
	for _, p := range []string{"tile/0/000", "tile/63/x001/x234/067",
		"tile/entries/000.p/7", "tile/1/x009/999.p/255", "tile/entries/x001/000"} {
		out = append(out, question{kind: 'p', text: []byte(p)})
	}
	files, err := filepath.Glob(filepath.Join(corpus, "note", "*"))
	must(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(err)
		out = append(out, question{'n', s.vkey, b}, question{kind: 'k', text: b})
	}
	return out
}

// ---- changes

var words = []string{"\n", "\n\n", "— ", " ", "+", "=", "0", "x", ".p/", "/",
	"\r", "\x00", "\u0085", "\u00a0", "\u2028", "\u3000", "\xff", "\xc0\x80", "\xed\xa0\x80",
	"\xff\xff\xff\xff\xff\xff\xff\xff", "9223372036854775808", "index ", "extra ", "tile/", "entries", "A=="}

// change is one of the ways in which bytes differ from a seed.
func change(r *rand.Rand, b, other []byte) []byte {
	b = append([]byte(nil), b...)
	if len(b) == 0 {
		return []byte(words[r.Intn(len(words))])
	}
	at := r.Intn(len(b))
	end := at + r.Intn(len(b)-at) + 1
	if r.Intn(2) == 0 && end > at+4 {
		end = at + 4
	}
	splice := func(mid string) []byte {
		return append(append(append([]byte(nil), b[:at]...), mid...), b[end:]...)
	}
	switch r.Intn(9) {
	case 0:
		b[at] ^= 1 << uint(r.Intn(8))
	case 1:
		b[at] = byte(r.Intn(256))
	case 2:
		b[at] = b[r.Intn(len(b))]
	case 3:
		return splice("")
	case 4:
		return splice(string(b[at:end]) + string(b[at:end]))
	case 5:
		return splice(words[r.Intn(len(words))])
	case 6:
		end = at
		return splice(words[r.Intn(len(words))])
	case 7:
		if len(other) > 0 {
			from := r.Intn(len(other))
			return splice(string(other[from : from+r.Intn(len(other)-from)]))
		}
	case 8:
		if len(b) > 16 { // of a proof: one more or one less, in a number
			b[7+8*r.Intn(2)] += byte(2*r.Intn(2)) - 1
		}
	}
	return b
}

// again puts the right id into a changed vkey: what lies behind that check is
// reached, too.
func again(q question) question {
	parts := strings.SplitN(string(q.text), "+", 3)
	if q.kind != 'k' || len(parts) != 3 {
		return q
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) == 0 {
		return q
	}
	q.text = []byte(parts[0] + "+" + keyID(parts[0], raw) + "+" + parts[2])
	return q
}

func next(r *rand.Rand, from []question) question {
	q := from[r.Intn(len(from))]
	q.text = append([]byte(nil), q.text...)
	for n := r.Intn(4); n > 0; n-- {
		q.text = change(r, q.text, from[r.Intn(len(from))].text)
	}
	if r.Intn(2) == 0 {
		q = again(q)
	}
	if len(q.text) > 1<<15 {
		q.text = q.text[:1<<15]
	}
	if q.kind == 'i' || q.kind == 'c' { // Go never ends over 2^62
		for i := 0; i < len(q.text) && i < 16; i += 8 {
			q.text[i] &= 0x3f
		}
	}
	return q
}

// ---- the two sides

type ours struct {
	in  io.Writer
	out *bufio.Reader
}

func (o ours) ask(all []question) []string {
	var b bytes.Buffer
	for _, q := range all {
		text := q.bytes()
		binary.Write(&b, binary.BigEndian, uint32(len(text)))
		b.Write(text)
	}
	go func() {
		_, err := o.in.Write(b.Bytes())
		must(err)
	}()
	said := make([]string, len(all))
	for i := range said {
		var size uint32
		must(binary.Read(o.out, binary.BigEndian, &size))
		text := make([]byte, size)
		_, err := io.ReadFull(o.out, text)
		must(err)
		said[i] = string(text)
	}
	return said
}

// plain makes one of the two ways to refuse: Go verifies a line before it
// reads the next, ours reads all of them first.
func plain(said string) string {
	if strings.HasPrefix(said, "invalid") {
		return ""
	}
	return said
}

// repeated says whether ours only has more lines than Go, which leaves out a
// second one of the known key.
func repeated(q question, gos, our string) bool {
	return q.kind == 'n' && strings.HasPrefix(our, gos)
}

// same says whether they agree, counting the allowed differences.
func same(q question, gos, our string) bool {
	gos, our = plain(gos), plain(our)
	if our == gos {
		return true
	}
	if our != "" && !repeated(q, gos, our) {
		return false
	}
	for _, d := range differences {
		if strings.IndexByte(d.kinds, q.kind) >= 0 && d.is(q) {
			d.seen++
			return true
		}
	}
	return false
}

func must(err error) {
	if err != nil {
		fmt.Printf("not ok - the readers answer\n# %v\n", err)
		os.Exit(1)
	}
}

func main() {
	seconds, err := strconv.Atoi(os.Args[3])
	must(err)
	seed := time.Now().UnixNano()
	if len(os.Args) > 4 {
		seed, err = strconv.ParseInt(os.Args[4], 10, 64)
		must(err)
	}
	cmd := exec.Command(os.Args[1])
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(err)
	out, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	run(ours{in, bufio.NewReader(out)}, os.Args[2], seed, seconds)
}

func run(o ours, corpus string, seed int64, seconds int) {
	r := rand.New(rand.NewSource(seed))
	from := seeds(r, corpus)
	asked, taken, bad := 0, map[byte]int{}, 0
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	for first := true; bad < 10 && (first || time.Now().Before(end)); first = false {
		all := append([]question(nil), from...)
		for i := 0; !first && i < len(all); i++ {
			all[i] = next(r, from)
		}
		for len(all) < batch {
			all = append(all, next(r, from))
		}
		for i, our := range o.ask(all) {
			gos := ask[all[i].kind](all[i])
			if our != "" && gos != "" {
				taken[all[i].kind]++
			}
			if !same(all[i], gos, our) {
				bad++
				fmt.Printf("# seed %d: %q with key %q: Go %q, ours %q\n",
					seed, all[i].bytes(), all[i].key, gos, our)
			}
		}
		asked += len(all)
	}
	report(seed, asked, bad, taken)
}

func report(seed int64, asked, bad int, taken map[byte]int) {
	fmt.Printf("# seed %d: %d questions\n", seed, asked)
	for _, d := range differences {
		fmt.Printf("# ours takes less %d times: %s\n", d.seen, d.name)
	}
	for kind := range ask {
		if taken[kind] == 0 {
			bad++
			fmt.Printf("# nothing of kind %c was taken by both\n", kind)
		}
	}
	if bad != 0 {
		fmt.Println("not ok - Go and ours read the same")
		os.Exit(1)
	}
	fmt.Println("ok - Go and ours read the same")
}
