// A registry as people run it, but for the storage drivers that the tests do not need, and what goes with it:
//
//	registry serve CONFIGURATION
//	registry htpasswd USER PASSWORD          prints a line of an htpasswd file
//	registry tokens ADDRESS ACCOUNTS KEYS    serves tokens to the accounts of a file with lines USER:PASSWORD, which is read
//	                                         again for each; writes the keys that they can be checked with
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/s3-aws"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/crypto/bcrypt"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "htpasswd":
		err = htpasswd(args[1], args[2])
	case len(args) == 4 && args[0] == "tokens":
		err = tokens(args[1], args[2], args[3])
	default:
		err = registry.RootCmd.Execute()
	}
	if err != nil {
		log.Fatal(err)
	}
}

func htpasswd(user, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	fmt.Printf("%s:%s\n", user, hash)
	return err
}

func tokens(address, accounts, keys string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public := jose.JSONWebKey{Key: &key.PublicKey, KeyID: "test", Algorithm: string(jose.ES256), Use: "sig"}
	written, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	if err == nil {
		err = os.WriteFile(keys, written, 0o600)
	}
	if err != nil {
		return err
	}
	signingKey := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "test"}}
	signer, err := jose.NewSigner(signingKey, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return err
	}
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known, err := os.ReadFile(accounts)
		if err != nil || !slices.Contains(strings.Fields(string(known)), user+":"+password) {
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}`, http.StatusUnauthorized)
			return
		}
		now := time.Now()
		claims := token.ClaimSet{
			Issuer: "tests", Subject: user, Audience: []string{r.URL.Query().Get("service")},
			Expiration: now.Add(time.Minute).Unix(), NotBefore: now.Add(-time.Minute).Unix(), IssuedAt: now.Unix(),
		}
		for _, scope := range r.URL.Query()["scope"] {
			if parts := strings.Split(scope, ":"); len(parts) == 3 {
				actions := strings.Split(parts[2], ",")
				claims.Access = append(claims.Access, &token.ResourceActions{Type: parts[0], Name: parts[1], Actions: actions})
			}
		}
		signed, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"token": signed})
	}))
}
