// Package indirect has no C of its own: its tests reach it through package leaky.
package indirect
