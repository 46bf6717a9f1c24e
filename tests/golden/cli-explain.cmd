ckmig explain E0304; ckmig explain w0201; ckmig explain concat; ckmig explain mean; ckmig explain --json cast
exit 0
