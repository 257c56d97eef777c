// The verifiers of tokens in two generations of the registry:
//
//	tokens AUTHORITY
//
// For each line of standard input, a JSON object with a token, an issuer and an audience, it prints a line with what each of
// them says: what the token allows, or why it is refused. They trust the certificate in the file AUTHORITY.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	current "github.com/distribution/distribution/v3/registry/auth/token"
	older "github.com/docker/distribution/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/sirupsen/logrus"
)

// question is a token, and what a registry expects of it.
type question struct {
	Token    string `json:"token"`
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
}

// answer is what a registry makes of a token.
type answer struct {
	Current verdict `json:"current"`
	Older   verdict `json:"older"`
}

// verdict is what a token says, or why it is refused.
type verdict struct {
	Claims any    `json:"claims,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tokens AUTHORITY")
		os.Exit(64)
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(authority string) error {
	logrus.SetOutput(io.Discard)
	pem, err := os.ReadFile(authority)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return errors.New("the authority is no certificate")
	}
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if err := answers.Encode(answer{asked.current(roots), asked.older(roots)}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (q question) current(roots *x509.CertPool) verdict {
	token, err := current.NewToken(q.Token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return verdict{Error: err.Error()}
	}
	claims, err := token.Verify(current.VerifyOptions{
		TrustedIssuers: []string{q.Issuer}, AcceptedAudiences: []string{q.Audience}, Roots: roots,
	})
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Claims: claims}
}

func (q question) older(roots *x509.CertPool) verdict {
	token, err := older.NewToken(q.Token)
	if err == nil {
		err = token.Verify(older.VerifyOptions{
			TrustedIssuers: []string{q.Issuer}, AcceptedAudiences: []string{q.Audience}, Roots: roots,
		})
	}
	if err != nil {
		return verdict{Error: err.Error()}
	}
	return verdict{Claims: token.Claims}
}
