package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pulumi/pulumi/pkg/v3/backend"
	"github.com/pulumi/pulumi/pkg/v3/backend/backenderr"
	"github.com/pulumi/pulumi/pkg/v3/backend/display"
	"github.com/pulumi/pulumi/pkg/v3/backend/secrets"
	cmdBackend "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/backend"
	cmdStack "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi/stack"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	pkgWorkspace "github.com/pulumi/pulumi/pkg/v3/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/common/env"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// operation is what a command is told by its flags, which mean the same as those of Pulumi's CLI.
type operation struct {
	stack            string
	client           string
	eventLog         string
	execKind         string
	parallel         int32
	refresh          bool
	suppressProgress bool
}

type run func(ctx context.Context, stack backend.Stack, update backend.UpdateOperation) error

func newUpCommand() *cobra.Command {
	return newCommand("up", "Make the stack's resources what its program declares",
		cmdStack.NewStackSecretsManagerLoaderFromEnv(),
		func(ctx context.Context, stack backend.Stack, update backend.UpdateOperation) error {
			_, err := backend.UpdateStack(ctx, stack, update, nil /* events */)
			return err
		})
}

func newPreviewCommand() *cobra.Command {
	return newCommand("preview", "Say what `up` would do",
		cmdStack.NewStackSecretsManagerLoaderFromEnv(),
		func(ctx context.Context, stack backend.Stack, update backend.UpdateOperation) error {
			_, _, err := backend.PreviewStack(ctx, stack, update, nil /* events */)
			return err
		})
}

func newDestroyCommand() *cobra.Command {
	return newCommand("destroy", "Delete all of the stack's resources",
		cmdStack.SecretsManagerLoader{FallbackToState: true},
		func(ctx context.Context, stack backend.Stack, update backend.UpdateOperation) error {
			_, err := backend.DestroyStack(ctx, stack, update)
			return err
		})
}

func newCommand(name, short string, loader cmdStack.SecretsManagerLoader, work run) *cobra.Command {
	op := &operation{}
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stack, update, err := op.prepare(cmd.Context(), loader)
			if err != nil {
				return err
			}
			err = work(cmd.Context(), stack, update)
			if errors.Is(err, context.Canceled) {
				return backenderr.CancelledError{Operation: name}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&op.stack, "stack", "", "name of the stack")
	flags.StringVar(&op.client, "client", "", "address of the language runtime that runs the program")
	flags.StringVar(&op.eventLog, "event-log", "", "where the engine's events go")
	flags.StringVar(&op.execKind, "exec-kind", "", "who calls; noted in the history")
	flags.Int32Var(&op.parallel, "parallel", 16, "resources that are worked on at the same time")
	flags.BoolVar(&op.refresh, "refresh", false, "read the live resources first")
	flags.BoolVar(&op.suppressProgress, "suppress-progress", false, "no periodic dots")
	flags.Bool("yes", true, "nobody is ever asked")
	flags.Bool("skip-preview", true, "nothing but `preview` previews")
	if err := cmd.MarkFlagRequired("stack"); err != nil {
		panic(err)
	}
	return cmd
}

// prepare opens the stack by the project and settings in the working directory.
func (op *operation) prepare(
	ctx context.Context,
	loader cmdStack.SecretsManagerLoader,
) (backend.Stack, backend.UpdateOperation, error) {
	none := backend.UpdateOperation{}
	ws := pkgWorkspace.Instance
	show := display.Options{
		Color:             cmdutil.GetGlobalColorization(),
		Type:              display.DisplayProgress,
		EventLogPath:      op.eventLog,
		SuppressPermalink: true,
		SuppressProgress:  op.suppressProgress,
		TruncateOutput:    true,
	}
	project, root, err := ws.ReadProject()
	if err != nil {
		return nil, none, err
	}
	if op.client != "" {
		project.Runtime = workspace.NewProjectRuntimeInfo("client", map[string]any{"address": op.client})
	}
	stack, err := cmdStack.RequireStack(ctx, cmdutil.Diag(), ws, cmdBackend.DefaultLoginManager, op.stack,
		cmdStack.LoadOnly, show, "" /* settings: beside the project */)
	if err != nil {
		return nil, none, err
	}
	settings, err := cmdStack.LoadProjectStack(ctx, cmdutil.Diag(), project, stack, "")
	if err != nil {
		return nil, none, fmt.Errorf("getting stack configuration: %w", err)
	}
	manager, _, err := loader.GetSecretsManager(ctx, stack, settings)
	if err != nil {
		return nil, none, fmt.Errorf("getting stack secrets manager: %w", err)
	}
	return stack, backend.UpdateOperation{
		Proj: project,
		Root: root,
		M:    &backend.UpdateMetadata{Environment: map[string]string{backend.ExecutionKind: op.execKind}},
		Opts: backend.UpdateOptions{
			AutoApprove: true,
			SkipPreview: true,
			Display:     show,
			Engine: engine.UpdateOptions{
				ParallelDiff:              env.ParallelDiff.Value(),
				Parallel:                  op.parallel,
				Refresh:                   op.refresh,
				DisableResourceReferences: env.DisableResourceReferences.Value(),
				DisableOutputValues:       env.DisableOutputValues.Value(),
				Experimental:              env.Experimental.Value(),
				// Plugins are installed ahead of every operation, or served by the caller.
				SkipPluginPreInstall: true,
			},
		},
		StackConfiguration: backend.StackConfiguration{
			EnvironmentImports: settings.Environment.Imports(),
			Config:             settings.Config,
			Decrypter:          manager.Decrypter(),
		},
		SecretsManager:  manager,
		SecretsProvider: secrets.DefaultProvider,
		Scopes:          backend.CancellationScopes,
	}, nil
}
