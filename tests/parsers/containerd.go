package main

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"unsafe"

	docker1 "github.com/containerd/containerd/remotes/docker"
	config1 "github.com/containerd/containerd/remotes/docker/config"
	docker2 "github.com/containerd/containerd/v2/core/remotes/docker"
	config2 "github.com/containerd/containerd/v2/core/remotes/docker/config"
)

// containerd1 asks the parser of containerd 1.
func containerd1(path, host string) ([]server, error) {
	options := config1.HostOptions{HostDir: config1.HostDirFromRoot(path)}
	hosts, err := config1.ConfigureHosts(context.Background(), options)(host)
	return all(hosts, err, func(one docker1.RegistryHost) (server, error) {
		return seen(one.Client, one.Scheme+"://"+one.Host+one.Path, uint8(one.Capabilities), one.Header)
	})
}

// containerd2 asks the parser of containerd 2.
func containerd2(path, host string) ([]server, error) {
	options := config2.HostOptions{HostDir: config2.HostDirFromRoot(path)}
	hosts, err := config2.ConfigureHosts(context.Background(), options)(host)
	return all(hosts, err, func(one docker2.RegistryHost) (server, error) {
		return seen(one.Client, one.Scheme+"://"+one.Host+one.Path, uint8(one.Capabilities), one.Header)
	})
}

// seen is what can be seen of a host of containerd.
func seen(client *http.Client, url string, capabilities uint8, header http.Header) (server, error) {
	transport := transportOf(client.Transport)
	tls := transport.TLSClientConfig
	authorities, err := names(tls.RootCAs)
	one := server{
		URL: url, Header: header, Insecure: tls.InsecureSkipVerify, Authorities: authorities,
		DialTimeout: dialer(transport).Timeout.Milliseconds(),
	}
	for bit, name := range []string{"pull", "resolve", "push", "referrers"} {
		if capabilities&(1<<bit) != 0 {
			one.Capabilities = append(one.Capabilities, name)
		}
	}
	return one, err
}

// transportOf looks into the transport that tries HTTPS before HTTP.
func transportOf(transport http.RoundTripper) *http.Transport {
	if plain, ok := transport.(*http.Transport); ok {
		return plain
	}
	inner := reflect.ValueOf(transport).Elem().FieldByName("super").Elem()
	return (*http.Transport)(inner.UnsafePointer())
}

// dialer is the receiver of the method value that a transport connects with.
func dialer(transport *http.Transport) *net.Dialer {
	type methodValue struct {
		_        uintptr
		receiver *net.Dialer
	}
	return (*(**methodValue)(unsafe.Pointer(&transport.DialContext))).receiver
}

// names are those of the authorities in a pool.
func names(pool *x509.CertPool) ([]string, error) {
	if pool == nil {
		return nil, nil
	}
	var all []string
	for _, subject := range pool.Subjects() {
		var sequence pkix.RDNSequence
		if _, err := asn1.Unmarshal(subject, &sequence); err != nil {
			return nil, fmt.Errorf("the name of an authority: %w", err)
		}
		var name pkix.Name
		name.FillFromRDNSequence(&sequence)
		all = append(all, name.CommonName)
	}
	return all, nil
}
