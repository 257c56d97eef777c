package main

import (
	"crypto/tls"
	"net/url"
	"unsafe"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/rancher/wharfie/pkg/registries"
)

// endpoint has the fields of the type of that name of wharfie, which it does not export.
type endpoint struct {
	auth     authn.Authenticator
	keychain authn.Keychain
	ref      name.Reference
	registry unsafe.Pointer
	url      *url.URL
}

//go:linkname getEndpoints github.com/rancher/wharfie/pkg/registries.(*registry).getEndpoints
func getEndpoints(registry unsafe.Pointer, ref name.Reference) ([]endpoint, error)

//go:linkname getTLSConfig github.com/rancher/wharfie/pkg/registries.(*registry).getTLSConfig
func getTLSConfig(registry unsafe.Pointer, url *url.URL) (*tls.Config, error)

// k3s asks the parser of registries.yaml.
func k3s(path, host string) ([]server, error) {
	read, err := registries.GetPrivateRegistries(path)
	if err != nil {
		return nil, err
	}
	image, err := name.ParseReference(host + "/namespace/image:tag")
	if err != nil {
		return nil, err
	}
	endpoints, err := getEndpoints(unsafe.Pointer(read), image)
	return all(endpoints, err, func(one endpoint) (server, error) {
		login, err := one.auth.Authorization()
		if err != nil {
			return server{}, err
		}
		trust, err := getTLSConfig(unsafe.Pointer(read), one.url)
		if err != nil {
			return server{}, err
		}
		authorities, err := names(trust.RootCAs)
		return server{
			URL: one.url.String(), Username: login.Username, Password: login.Password, Token: login.IdentityToken,
			Insecure: trust.InsecureSkipVerify, Authorities: authorities,
		}, err
	})
}
