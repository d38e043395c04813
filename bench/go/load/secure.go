package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
)

// secure is what clients connect with; nil: nothing is encrypted.
type secure struct {
	config *tls.Config
	folder string // of the certificate of each, as <node id>.crt and <node id>.key
}

// trust returns what clients connect with who trust that authority.
func trust(authority, folder string) (*secure, error) {
	if authority == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the authority is none")
	}
	return &secure{config: &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"h2"}}, folder: folder}, nil
}

// of returns what one client connects with. Certificates are read before anything is measured.
func (s *secure) of(id string) (*tls.Config, error) {
	if s == nil {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.folder, id+".crt"), filepath.Join(s.folder, id+".key"))
	if err != nil {
		return nil, err
	}
	config := s.config.Clone()
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// dial connects, encrypted if there is something to connect with.
func dial(address string, with *tls.Config) (net.Conn, error) {
	if with == nil {
		return net.Dial("tcp", address)
	}
	return tls.Dial("tcp", address, with)
}
