// verify checks a log directory with golang.org/x/mod, code that nobody here
// wrote: the checkpoint with sumdb/note; root, tiles and receipts with
// sumdb/tlog from the entries alone (never its TileHashReader, which believes
// tiles). Prints TAP, without numbers.
//
//	verify DIR VKEYFILE [RECEIPT ...]
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type hashes []tlog.Hash

func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, x := range at {
		if x >= int64(len(h)) {
			return nil, fmt.Errorf("hash %d is not derived", x)
		}
		out[i] = h[x]
	}
	return out, nil
}

var failed bool

func result(err error, format string, args ...interface{}) {
	what := fmt.Sprintf(format, args...)
	if err != nil {
		failed = true
		fmt.Printf("not ok - %s\n# %v\n", what, err)
		return
	}
	fmt.Printf("ok - %s\n", what)
}

// open verifies a checkpoint note and takes its three lines apart.
func open(msg []byte, v note.Verifier) (size int64, root tlog.Hash, err error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() || lines[3] != "" {
		return 0, root, fmt.Errorf("not a checkpoint of %s", v.Name())
	}
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return
	}
	root, err = tlog.ParseHash(lines[2])
	return
}

// path is the tile's name in the C2SP layout.
func path(t tlog.Tile, entries bool) string {
	p := strings.TrimPrefix(t.Path(), "tile/8/")
	if entries {
		p = "entries/" + strings.TrimPrefix(p, "0/")
	}
	return filepath.Join("tile", filepath.FromSlash(p))
}

// tile is the one that holds hash number n of a level in a tree of size.
func tile(level int, n, size int64) tlog.Tile {
	t := tlog.Tile{H: 8, L: level, N: n, W: 256}
	if left := size>>(8*uint(level)) - n*256; left < 256 {
		t.W = int(left)
	}
	return t
}

// derive makes all hashes of the tree from the entry bundles.
func derive(dir string, size int64) (hashes, error) {
	var all hashes
	for done := int64(0); done < size; {
		t := tile(0, done/256, size)
		b, err := os.ReadFile(filepath.Join(dir, path(t, true)))
		if err != nil {
			return nil, err
		}
		for i := 0; i < t.W; i++ {
			if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
				return nil, fmt.Errorf("bundle %d ends early", t.N)
			}
			n := 2 + int(binary.BigEndian.Uint16(b))
			more, err := tlog.StoredHashes(done, b[2:n], all)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			b = b[n:]
			done++
		}
		if len(b) != 0 {
			return nil, fmt.Errorf("bundle %d goes on", t.N)
		}
	}
	return all, nil
}

func treeHash(size int64, all hashes) (tlog.Hash, error) {
	if size == 0 {
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(size, all)
}

// compareTiles holds every hash tile against what the entries give.
func compareTiles(dir string, size int64, all hashes) (n int, err error) {
	for level := 0; size>>(8*uint(level)) > 0; level++ {
		for i := int64(0); i*256 < size>>(8*uint(level)); i++ {
			t := tile(level, i, size)
			want, err := tlog.ReadTileData(t, all)
			if err != nil {
				return n, err
			}
			got, err := os.ReadFile(filepath.Join(dir, path(t, false)))
			if err != nil {
				return n, err
			}
			if !bytes.Equal(got, want) {
				return n, fmt.Errorf("%s differs", path(t, false))
			}
			n++
		}
	}
	return n, nil
}

// receipt checks a tlog-proof.
func receipt(file string, v note.Verifier) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parts := strings.SplitN(string(b), "\n\n", 2)
	lines := strings.Split(parts[0], "\n")
	if len(parts) != 2 || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	proof := tlog.RecordProof{}
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, h)
	}
	size, root, err := open([]byte(parts[1]), v)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry))
}

func verify(dir string, v note.Verifier) {
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		result(err, "there is a checkpoint")
		return
	}
	size, root, err := open(msg, v)
	result(err, "sumdb/note verifies the checkpoint of %s", v.Name())
	if err != nil {
		return
	}
	all, err := derive(dir, size)
	if err == nil {
		var got tlog.Hash
		if got, err = treeHash(size, all); err == nil && got != root {
			err = fmt.Errorf("derived %v, signed %v", got, root)
		}
	}
	result(err, "sumdb/tlog derives the signed root from %d entries", size)
	if err != nil {
		return
	}
	n, err := compareTiles(dir, size, all)
	result(err, "%d hash tiles are as sumdb/tlog makes them", n)
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: verify DIR VKEYFILE [RECEIPT ...]")
		os.Exit(2)
	}
	key, err := os.ReadFile(os.Args[2])
	var v note.Verifier
	if err == nil {
		v, err = note.NewVerifier(strings.TrimSpace(string(key)))
	}
	if err != nil {
		result(err, "the verifier key is one")
		os.Exit(1)
	}
	verify(os.Args[1], v)
	for _, file := range os.Args[3:] {
		result(receipt(file, v), "sumdb/tlog accepts the receipt %s", filepath.Base(file))
	}
	if failed {
		os.Exit(1)
	}
}
