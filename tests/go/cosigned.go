// cosigned opens a checkpoint with golang.org/x/mod/sumdb/note, code that
// nobody here wrote: with the log's key, and with a verifier for
// cosignature/v1 (C2SP tlog-cosignature), which that package does not have and
// which is made here from the specification. Prints TAP, without numbers.
//
//	cosigned NOTE LOGVKEY WITNESSVKEY...
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s",
		binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a vkey")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 33 || raw[0] != 4 {
		return nil, fmt.Errorf("not a cosignature key")
	}
	h := sha256.Sum256(append([]byte(parts[0]+"\n"), raw...))
	c := &cosigner{parts[0], binary.BigEndian.Uint32(h[:]), raw[1:]}
	if fmt.Sprintf("%08x", c.id) != parts[1] {
		return nil, fmt.Errorf("another key's id")
	}
	return c, nil
}

func main() {
	failed := false
	result := func(err error, what string) {
		if err != nil {
			failed = true
			fmt.Printf("not ok - %s\n# %v\n", what, err)
			return
		}
		fmt.Printf("ok - %s\n", what)
	}
	msg, err := os.ReadFile(os.Args[1])
	if err == nil && os.Args[2] != "-" {
		var v note.Verifier
		if v, err = note.NewVerifier(os.Args[2]); err == nil {
			_, err = note.Open(msg, note.VerifierList(v))
		}
	}
	result(err, "sumdb/note opens it with the log's key")
	for _, vkey := range os.Args[3:] {
		c, err := newCosigner(vkey)
		if err == nil {
			_, err = note.Open(msg, note.VerifierList(c))
		}
		result(err, "and with that of "+strings.SplitN(vkey, "+", 2)[0])
	}
	if failed {
		os.Exit(1)
	}
}
